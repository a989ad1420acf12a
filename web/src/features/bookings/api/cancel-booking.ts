import { call } from '@/lib/api/client'
import type { BookingChange } from '@/lib/api/types'

export function cancelBooking(id: string) {
  return call<BookingChange>(`/bookings/${id}`, { method: 'DELETE' })
}
