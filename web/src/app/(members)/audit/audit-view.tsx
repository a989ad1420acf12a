'use client'

import { SearchX } from 'lucide-react'
import { useEffect } from 'react'
import { announce } from '@/components/announcer'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { SearchBox } from '@/components/search-box'
import { Button, buttonVariants } from '@/components/ui/button'
import { useStreamList } from '@/features/audit/api/list-streams'
import { StreamList } from '@/features/audit/components/stream-list'
import { StreamListSkeleton } from '@/features/audit/components/stream-list-skeleton'
import { Tools } from '@/features/audit/components/tools'
import { useStreamQuery } from '@/features/audit/hooks'
import { plural } from '@/lib/format'
import { isPlainClick } from '@/lib/plain-click'

export default function AuditView() {
  const { query, change, href } = useStreamQuery()
  const list = useStreamList(query)
  const { data, isPlaceholderData } = list

  // The result of a search is announced when it arrives, not while the user types.
  const found = isPlaceholderData ? undefined : data?.data.length
  useEffect(() => {
    if (found !== undefined && query.search) announce(`${plural(found, 'stream')} found for ${query.search}`)
  }, [found, query.search])

  const goTo = (after: number) => (e: React.MouseEvent) => {
    if (!isPlainClick(e)) return
    e.preventDefault()
    change({ after }, 'push')
    scrollTo({ top: 0 })
    document.getElementById('content')?.focus({ preventScroll: true })
  }

  return (
    <div className="grid gap-6">
      <div className="grid gap-1.5">
        <PageHeading className="text-4xl sm:text-5xl">Audit</PageHeading>
        <p className="max-w-3xl text-soft">
          Every event is a stream of records that are never changed. Who looks at them is written down too.
        </p>
      </div>
      <Tools />
      <form role="search" aria-label="Streams" className="flex" onSubmit={(e) => e.preventDefault()}>
        <SearchBox
          label="Search by title or id"
          search={query.search}
          onSearch={(search) => change({ search }, 'replace')}
        />
      </form>
      {data ? (
        <div
          className="grid gap-6 transition-opacity"
          style={{ opacity: isPlaceholderData ? 0.6 : 1 }}
          aria-busy={isPlaceholderData}
        >
          <p className="text-sm text-soft">{plural(data.total, 'stream')} in the log</p>
          {data.data.length > 0 ? (
            <StreamList streams={data.data} />
          ) : (
            <Message
              icon={SearchX}
              title="No streams found"
              action={
                query.search || query.after ? (
                  <Button variant="outline" onClick={() => change({ search: '' }, 'push')}>
                    Show all streams
                  </Button>
                ) : undefined
              }
            >
              {query.search ? (
                <>Neither a title nor an id is like “{query.search}”.</>
              ) : (
                'Nothing has been recorded yet.'
              )}
            </Message>
          )}
          {(data.next || query.after > 0) && (
            <nav aria-label="Pages" className="flex justify-between gap-4">
              {query.after > 0 ? (
                <a
                  href={href({ after: 0 })}
                  onClick={goTo(0)}
                  className={buttonVariants({ variant: 'outline' })}
                >
                  First page
                </a>
              ) : (
                <span />
              )}
              {data.next && (
                <a
                  rel="next"
                  href={href({ after: data.next })}
                  onClick={goTo(data.next)}
                  className={buttonVariants({ variant: 'outline' })}
                >
                  Next page
                </a>
              )}
            </nav>
          )}
        </div>
      ) : list.error ? (
        <LoadError title="Streams can’t be shown" query={list} />
      ) : (
        <StreamListSkeleton />
      )}
    </div>
  )
}
