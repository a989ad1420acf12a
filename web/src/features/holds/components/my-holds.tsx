'use client'

import type { ReactNode } from 'react'
import { TicketHeading } from '@/components/ticket-heading'
import type { Event, Hold, WaitlistEntry } from '@/lib/api/types'
import { useEvent } from '@/lib/get-event'
import { useHolds, useWaitlist } from '../api/list-holds'
import { mine as text } from '../strings'
import { HoldPanel } from './hold-panel'
import { WaitingPanel } from './waiting-panel'

/** What is set aside for the user, and the waiting lists that the user is on. */
export function MyHolds() {
  const holds = useHolds().data ?? []
  const offered = new Set(holds.map(({ eventId }) => eventId))
  const entries = (useWaitlist().data ?? []).filter(({ eventId }) => !offered.has(eventId))
  const panelOf = {
    hold: (hold: Hold) => (event?: Event) => <HoldPanel hold={hold} event={event} />,
    entry: (entry: WaitlistEntry) => (event?: Event) => <WaitingPanel entry={entry} event={event} />,
  }
  return (
    <>
      <Section title={text.reserved}>
        {holds.map((hold) => (
          <Item key={hold.id} eventId={hold.eventId} panel={panelOf.hold(hold)} />
        ))}
      </Section>
      <Section title={text.waiting}>
        {entries.map((entry) => (
          <Item key={entry.id} eventId={entry.eventId} panel={panelOf.entry(entry)} />
        ))}
      </Section>
    </>
  )
}

function Section({ title, children }: { title: string; children: ReactNode[] }) {
  if (children.length === 0) return null
  return (
    <section aria-label={title} className="grid gap-4 print:hidden">
      <h2 className="type-label text-soft">
        {title} · {children.length}
      </h2>
      <ul className="grid gap-4">{children}</ul>
    </section>
  )
}

function Item({ eventId, panel }: { eventId: string; panel: (event?: Event) => ReactNode }) {
  const { data: event } = useEvent(eventId)
  return (
    <li className="panel grid items-start gap-4 sm:grid-cols-2 sm:gap-8">
      {event ? <TicketHeading as="h3" id={`set-aside-${event.id}`} event={event} /> : <span />}
      {panel(event)}
    </li>
  )
}
