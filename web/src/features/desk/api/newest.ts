import { live } from '@/lib/live/live'

/** Asks for what was pushed already: the process that answers may be behind the one that pushes. */
export const newestHeader = () => (live.changedAt ? { 'Min-Log-Position': live.changedAt } : {})
