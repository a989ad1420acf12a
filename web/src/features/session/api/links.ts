import { guestApi } from '@/lib/api/send'
import { done } from '@/lib/api/done'

// Apart from the requests of signed-in users, whose code pages for guests do not load.

export const confirmEmail = (token: string) => done(guestApi.POST('/auth/email/confirm', { body: { token } }))
export const forgotPassword = (body: { email: string }) =>
  done(guestApi.POST('/auth/password-reset', { body }))
export const resetPassword = (body: { token: string; password: string }) =>
  done(guestApi.POST('/auth/password-reset/confirm', { body }))
