import type { BookingWithEvent } from '@/lib/api/types'
import { calendarFile } from '@/lib/calendar-file'
import { ticketNumber } from './ticket-number'
import { strings } from './wallet-strings'

/** The booking as an iCalendar file, named after its event. */
export const bookingFile = ({ id, event }: BookingWithEvent): File =>
  calendarFile(event, { uid: id, note: strings.calendar.ticket(ticketNumber(id)) })
