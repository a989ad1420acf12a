import { toast } from '@/lib/toast'

/** Reports a failed booking that may succeed when it is tried again. */
export const showBookingFailed = (description?: string): void =>
  toast.error('Failed to complete booking. Please try again.', description ? { description } : undefined)

export const showOffline = (): void => showBookingFailed('You seem to be offline.')
