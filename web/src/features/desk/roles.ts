import type { DeskEvent } from '@/lib/api/types'

const roles = ['check_in', 'sell', 'manage', 'admin', 'owner'] as const

/** Whether a role at an event may do what another one may. */
export const may = (role: DeskEvent['role'], needed: 'check_in' | 'sell' | 'manage'): boolean =>
  roles.indexOf(role) >= roles.indexOf(needed)
