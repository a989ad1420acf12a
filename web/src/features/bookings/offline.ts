import { keepPage } from '@/lib/keep-page'
import { forgetTickets, TICKET_CACHE } from '@/lib/kept-tickets'
import { paths } from '@/lib/paths'

/** Keeps this page with what a ticket opens. */
export async function keepTicketPage(): Promise<void> {
  await Promise.all([
    import('./components/next-ticket'),
    import('./components/ticket-dialog'),
    import('./calendar'),
  ])
  const path = paths.bookings
  await keepPage({ path, kept: path, scope: path, cache: TICKET_CACHE, forget: forgetTickets })
}
