import { api, read } from '@/lib/api/client'
import { BookingChange } from '@/lib/api/schemas'

export const cancelBooking = (id: string) =>
  read(BookingChange, api.DELETE('/bookings/{id}', { params: { path: { id } } }))
