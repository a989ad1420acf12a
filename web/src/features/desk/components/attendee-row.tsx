import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import type { Attendee, AttendeeTicket } from '@/lib/api/types'
import { formatDateTime } from '@/lib/format'
import { viewerZone } from '@/lib/time-zone'
import { attendees as text, reasons } from '../guests-strings'

const cell = 'py-3 pr-4 align-top max-lg:block max-lg:p-0'

export function AttendeeRow({
  attendee,
  typeName,
  onCancel,
  onUndo,
}: {
  attendee: Attendee
  typeName: (id: number) => string
  onCancel: () => void
  onUndo: (ticket: AttendeeTicket) => void
}) {
  const { status, email, bookedAt, cancelledAt, tickets } = attendee
  const name = attendee.name || text.deleted
  const isCancelled = status === 'CANCELLED'
  return (
    <tr
      role="row"
      className="border-t border-line max-lg:grid max-lg:grid-cols-1 max-lg:gap-2.5 max-lg:rounded-md max-lg:border max-lg:p-4"
    >
      <td role="cell" className={`${cell} lg:w-1/4`}>
        <bdi className="font-semibold wrap-anywhere">{name}</bdi>
        {email && <bdi className="block text-sm wrap-anywhere text-soft">{email}</bdi>}
      </td>
      <td role="cell" className={cell}>
        <ul className="grid gap-1.5">
          {tickets.map((ticket) => {
            const label = text.ticket(typeName(ticket.ticketTypeId), ticket.number)
            return (
              <li
                key={`${ticket.ticketTypeId} ${ticket.number}`}
                className="flex flex-wrap items-center gap-x-2"
              >
                <bdi>{label}</bdi>
                {ticket.checkedInAt && (
                  <>
                    <Badge tone="good" className="whitespace-normal!">
                      {text.insideAt(formatDateTime(ticket.checkedInAt, viewerZone()))}
                    </Badge>
                    <Button
                      variant="quiet"
                      className="-my-2 -ml-2"
                      aria-label={reasons.undo.of(label, name)}
                      onClick={() => onUndo(ticket)}
                    >
                      {reasons.undo.action}
                    </Button>
                  </>
                )}
              </li>
            )
          })}
        </ul>
      </td>
      <td role="cell" className={`${cell} text-sm text-soft`}>
        <p>{text.bookedAt(formatDateTime(bookedAt, viewerZone()))}</p>
        {isCancelled && cancelledAt && (
          <Badge tone="off" className="mt-1 whitespace-normal!">
            {text.cancelledAt(formatDateTime(cancelledAt, viewerZone()))}
          </Badge>
        )}
      </td>
      <td role="cell" className={`${cell} lg:text-right`}>
        {!isCancelled && tickets.every(({ checkedInAt }) => !checkedInAt) && (
          <Button
            variant="quietDanger"
            className="-my-2.5 max-lg:-ml-4"
            aria-label={reasons.cancel.of(name)}
            onClick={onCancel}
          >
            {reasons.cancel.action}
          </Button>
        )}
      </td>
    </tr>
  )
}
