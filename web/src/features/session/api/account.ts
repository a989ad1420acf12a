import { queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { Session as sessionSchema, SessionsOutputBody, User as userSchema } from '@/lib/api/schemas-session'
import { endSession, replaceSession, signOut } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { done } from '@/lib/api/done'

/** The account as the server has it; the session's copy may be older. */
export const meQuery = queryOptions({
  queryKey: ['account', 'me'],
  refetchOnWindowFocus: 'always', // back from the e-mail with the link
  queryFn: async ({ signal }) => (await read(userSchema, api.GET('/auth/me', { signal }))).data,
})

/** Where the user is signed in, this device first. */
export const sessionsQuery = queryOptions({
  queryKey: ['account', 'sessions'],
  queryFn: async ({ signal }) => {
    const { data } = await read(SessionsOutputBody, api.GET('/auth/me/sessions', { signal }))
    return (data.data ?? []).sort((a, b) => Number(b.current) - Number(a.current))
  },
})

export const endOneSession = (id: string) =>
  done(api.DELETE('/auth/me/sessions/{id}', { params: { path: { id } } }))
export const endOtherSessions = () => done(api.DELETE('/auth/me/sessions'))
export const sendVerification = () => done(api.POST('/auth/me/email/verification'))
export const changeEmail = (body: { email: string; password: string }) =>
  done(api.POST('/auth/me/email', { body }))

/** Ends all sessions, and starts a new one here. */
export async function changePassword(body: { password: string; newPassword: string }): Promise<void> {
  const params = { header: { 'Refresh-Token-Mode': 'cookie' } } as const
  const { data } = await read(sessionSchema, api.POST('/auth/me/password', { params, body }))
  if (currentSession().status === 'anonymous')
    await signOut() // in another tab, meanwhile
  else replaceSession(data)
}

export async function deleteAccount(body: { password: string }): Promise<void> {
  await done(api.POST('/auth/me/delete', { body }))
  endSession('deleted')
}
