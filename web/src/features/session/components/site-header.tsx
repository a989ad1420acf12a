'use client'

import { cx } from 'class-variance-authority'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { Logo } from '@/components/logo'
import { ThemeToggle } from '@/components/theme-toggle'
import type { User } from '@/lib/api/types'
import { accessTo, paths } from '@/lib/paths'
import { useSession } from '@/lib/session/store'
import { header } from '../strings/header'
import { Account } from './account'

const links: { href: string; text: string; isFor?: (user: User) => boolean }[] = [
  { href: paths.events, text: header.events },
  { href: paths.bookings, text: header.bookings },
  { href: paths.desk, text: header.desk, isFor: hasDesk },
  { href: paths.audit, text: header.audit, isFor: ({ role }) => role === 'auditor' },
]

/** Customers help at events of others: they sell, or check tickets in. */
function hasDesk({ role, hasEventRole }: User): boolean {
  return role === 'organizer' || role === 'admin' || hasEventRole === true
}

/** The account and the navigation are for members only. */
export function SiteHeader() {
  const pathname = usePathname()
  const user = useSession((s) => s.user)
  const needed = accessTo(pathname)
  const isForMembers = needed === 'anyone' ? user !== undefined : needed !== 'guests'
  return (
    <header className="sticky top-0 z-30 border-b bg-card">
      <div className="page flex h-16 items-center gap-1 max-[22rem]:px-2 sm:gap-3">
        <Link
          href={isForMembers ? paths.events : paths.login}
          aria-label={header.home}
          className={cx(
            'flex min-h-11 items-center gap-2 rounded-md pr-1',
            isForMembers && 'max-[22rem]:hidden', // a narrow screen has room for the pages only
          )}
        >
          <Logo className="size-8 text-stamp" />
          <span className={cx('type-display text-2xl', isForMembers && 'max-sm:sr-only')}>{header.home}</span>
        </Link>
        {isForMembers && (
          <nav aria-label={header.navigation} className="flex h-full items-stretch sm:ml-4">
            {links.map(({ href, text, isFor }) => {
              if (isFor && !(user && isFor(user))) return null
              const current = pathname === href || pathname.startsWith(href + '/')
              return (
                <Link
                  key={href}
                  href={href}
                  aria-current={pathname === href ? 'page' : undefined}
                  className={cx(
                    'flex items-center border-b-3 border-transparent px-2 pt-0.5 text-[0.9375rem] font-semibold whitespace-nowrap -outline-offset-2 max-[22rem]:px-1.5 max-[22rem]:text-sm sm:px-3.5',
                    current ? 'border-stamp! text-ink' : 'text-soft hover:text-ink',
                  )}
                >
                  {text}
                </Link>
              )
            })}
          </nav>
        )}
        <div className="ml-auto flex items-center">
          <ThemeToggle />
          {isForMembers && <Account />}
        </div>
      </div>
    </header>
  )
}
