import type { Hold } from '@/lib/api/types'

/** The key of what is being done with a hold. */
export const keyOf = ({ id }: Hold) => ['hold', id]
