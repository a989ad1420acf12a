'use client'

import { SearchX } from 'lucide-react'
import Link from 'next/link'
import { Suspense } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { SearchBox } from '@/components/search-box'
import { Button, buttonVariants } from '@/components/ui/button'
import { useStreamList } from '@/features/audit/api/list-streams'
import { StreamList } from '@/features/audit/components/stream-list'
import { StreamListSkeleton } from '@/features/audit/components/stream-list-skeleton'
import { Tools } from '@/features/audit/components/tools'
import { useStreamQuery } from '@/features/audit/hooks'
import { plural } from '@/lib/format'

export default function AuditPage() {
  return (
    <div className="grid gap-6">
      <PageTitle>Audit</PageTitle>
      <div className="grid gap-1.5">
        <PageHeading className="text-4xl sm:text-5xl">Audit</PageHeading>
        <p className="max-w-3xl text-soft">
          Every event is a stream of records that are never changed. Who looks at them is written down too.
        </p>
      </div>
      <Tools />
      {/* The query of the URL is not known when the page is exported. */}
      <Suspense fallback={<StreamListSkeleton />}>
        <Streams />
      </Suspense>
    </div>
  )
}

function Streams() {
  const { query, settled, change, href } = useStreamQuery()
  const list = useStreamList(settled)
  const { data, isPlaceholderData } = list
  const found = isPlaceholderData ? undefined : data?.data.length
  return (
    <>
      <form role="search" aria-label="Streams" className="flex" onSubmit={(e) => e.preventDefault()}>
        <SearchBox
          label="Search by title or id"
          search={query.search}
          onSearch={(search) => void change({ search, after: 0 })}
        />
      </form>
      <p role="status" className="sr-only">
        {found !== undefined && settled.search
          ? `${plural(found, 'stream')} found for ${settled.search}`
          : ''}
      </p>
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
                settled.search || query.after ? (
                  <Button variant="outline" onClick={() => void change({ search: '', after: 0 })}>
                    Show all streams
                  </Button>
                ) : undefined
              }
            >
              {settled.search ? (
                <>
                  Neither a title nor an id is like “<span>{settled.search}</span>”.
                </>
              ) : (
                'Nothing has been recorded yet.'
              )}
            </Message>
          )}
          {(data.next || query.after > 0) && (
            <nav aria-label="Pages" className="flex justify-between gap-4">
              {query.after > 0 ? (
                <Link href={href({ after: 0 })} className={buttonVariants({ variant: 'outline' })}>
                  First page
                </Link>
              ) : (
                <span />
              )}
              {data.next && (
                <Link
                  rel="next"
                  href={href({ after: data.next })}
                  className={buttonVariants({ variant: 'outline' })}
                >
                  Next page
                </Link>
              )}
            </nav>
          )}
        </div>
      ) : list.error ? (
        <LoadError title="Streams can’t be shown" query={list} />
      ) : (
        <StreamListSkeleton />
      )}
    </>
  )
}
