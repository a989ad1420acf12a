import { toast } from '@/lib/toast'

/** Says that a booking did not come about, for a reason that trying again may mend. */
export const tellFailed = (description?: string): void =>
  toast.error('Failed to complete booking. Please try again.', description ? { description } : undefined)

export const tellOffline = (): void => tellFailed('You seem to be offline.')
