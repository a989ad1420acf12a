import Link from 'next/link'
import { buttonVariants } from '@/components/ui/button'
import { AuthCard } from './auth-card'

/** How a form ended: what to know, and the way on. */
export function Outcome({
  to,
  action,
  ...card
}: {
  page: string
  title: string
  lead: string
  to: string
  action: string
}) {
  return (
    <AuthCard {...card}>
      <Link className={buttonVariants({ size: 'wide' })} href={to}>
        {action}
      </Link>
    </AuthCard>
  )
}
