'use client'

import { SearchX } from 'lucide-react'
import { Suspense } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { SearchBox } from '@/components/search-box'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { useStreamList } from '@/features/audit/api/list-streams'
import { StreamList } from '@/features/audit/components/stream-list'
import { StreamListSkeleton } from '@/features/audit/components/stream-list-skeleton'
import { Tools } from '@/features/audit/components/tools'
import { useStreamQuery } from '@/features/audit/hooks'
import { texts } from '@/features/audit/strings'
import { strings } from '@/lib/strings'

const words = texts.list

export default function AuditPage() {
  return (
    <div className="grid gap-section">
      <PageTitle>{texts.title}</PageTitle>
      <div className="grid gap-tight">
        <PageHeading>{texts.title}</PageHeading>
        <p className="max-w-prose text-soft">{texts.lead}</p>
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
      <form role="search" aria-label={words.label} className="flex" onSubmit={(e) => e.preventDefault()}>
        <SearchBox
          label={words.search}
          search={query.search}
          onSearch={(search) => change({ search, after: 0 })}
        />
      </form>
      <p role="status" className="sr-only">
        {found !== undefined && settled.search ? words.found(found, settled.search) : ''}
      </p>
      {data ? (
        <div className="grid transition-opacity aria-busy:opacity-60 gap-group" aria-busy={isPlaceholderData}>
          <p className="text-sm text-soft">{words.total(data.total)}</p>
          {data.data.length > 0 ? (
            <StreamList streams={data.data} />
          ) : (
            <Message
              icon={SearchX}
              title={words.none}
              action={
                settled.search || query.after ? (
                  <Button variant="outline" onClick={() => change({ search: '', after: 0 })}>
                    {words.all}
                  </Button>
                ) : undefined
              }
            >
              {settled.search ? (
                <>
                  {words.noMatch} “<bdi>{settled.search}</bdi>”.
                </>
              ) : (
                words.empty
              )}
            </Message>
          )}
          {(data.next || query.after > 0) && (
            <nav aria-label={strings.pages.label} className="flex justify-between gap-4">
              {query.after > 0 ? (
                <ButtonLink href={href({ after: 0 })} variant="outline">
                  {words.first}
                </ButtonLink>
              ) : (
                <span />
              )}
              {data.next && (
                <ButtonLink rel="next" href={href({ after: data.next })} variant="outline">
                  {words.next}
                </ButtonLink>
              )}
            </nav>
          )}
        </div>
      ) : list.error ? (
        <LoadError title={words.failed} query={list} />
      ) : (
        <StreamListSkeleton />
      )}
    </>
  )
}
