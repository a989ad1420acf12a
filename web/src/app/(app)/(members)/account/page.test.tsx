import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import AccountPage from './page'
import { endSession, startSession } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { aSession, problem, server } from '../../../../../test/server'
import { show } from '../../../../../test/show'
import { ForgotPassword } from '@/features/session/components/forgot-password'
import { ResetPassword } from '@/features/session/components/reset-password'
import { VerifyEmail } from '@/features/session/components/verify-email'

const field = (name: string) => screen.getByLabelText(name)
const click = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))

const aDevice = (id: string, device: string, current = false) => ({
  id,
  device,
  current,
  signedInAt: '2030-01-15T12:00:00Z',
  lastUsedAt: '2030-01-15T12:30:00Z',
})

beforeEach(() => {
  const devices = [aDevice('1', 'Safari on iOS'), aDevice('2', '', true)]
  server.use(
    http.get('*/api/auth/me', () => HttpResponse.json(currentSession().user)),
    http.get('*/api/auth/me/sessions', () => HttpResponse.json({ data: devices })),
    http.get('*/api/auth/keys', () => HttpResponse.json({ data: [] })),
  )
})

describe('the account page', () => {
  it('lists this device first, and says so when a device is not known', async () => {
    startSession(aSession())
    show(<AccountPage />)
    const list = await screen.findByRole('list', { name: 'Where you’re signed in' })
    const [first, second] = within(list).getAllByRole('listitem')
    expect(first).toHaveTextContent('Unknown deviceThis deviceActive now')
    expect(second).toHaveTextContent('Safari on iOSLast used January 15, 2030')
  })

  it('renews the session when the address was verified elsewhere', async () => {
    const { user } = aSession()
    server.use(
      http.get('*/api/auth/me', () => HttpResponse.json(user)),
      http.post('*/api/auth/refresh', () => HttpResponse.json(aSession('access-2'))),
    )
    startSession(aSession('access-1', { emailVerified: false }))
    show(<AccountPage />)
    expect(await screen.findByText('Verified')).toBeInTheDocument()
    expect(currentSession().accessToken).toBe('access-2')
  })

  it('does not ask for a link to the address that is there', async () => {
    startSession(aSession())
    show(<AccountPage />)
    await userEvent.click(screen.getByText('Change e-mail'))
    await userEvent.type(field('New e-mail'), 'Alice@example.com')
    await userEvent.type(screen.getByLabelText('Password', { selector: 'input' }), 'password123')
    await click('Send confirmation link')
    expect(await screen.findByText('That’s already your address.')).toBeInTheDocument()
    expect(field('New e-mail')).toHaveFocus()
  })

  const change = async () => {
    await userEvent.type(field('Current password'), 'password123')
    await userEvent.type(field('New password'), 'two chairs 1 piano')
    await click('Change password')
  }

  it('shows why a new password is refused beside its field', async () => {
    server.use(
      http.post('*/api/auth/me/password', () =>
        problem(400, 'validation_failed', {}, [{ pointer: '/newPassword', detail: 'Use another one.' }]),
      ),
    )
    startSession(aSession())
    show(<AccountPage />)
    await change()
    expect(await screen.findByText('Use another one.')).toBeInTheDocument()
    expect(field('New password')).toHaveFocus()
  })

  it('continues with the new session after a change of the password', async () => {
    server.use(http.post('*/api/auth/me/password', () => HttpResponse.json(aSession('access-2'))))
    startSession(aSession())
    show(<AccountPage />)
    await change()
    await waitFor(() => expect(currentSession().accessToken).toBe('access-2'))
  })

  it('ends the session of a changed password when the user has signed out meanwhile', async () => {
    let loggedOut = 0
    server.use(
      http.post('*/api/auth/me/password', () => {
        endSession('signed-out') // in another tab
        return HttpResponse.json(aSession('access-2'))
      }),
      http.post('*/api/auth/logout', () => {
        loggedOut++
        return new HttpResponse(null, { status: 204 })
      }),
    )
    startSession(aSession())
    show(<AccountPage />)
    await change()
    await waitFor(() => expect(loggedOut).toBe(1))
    expect(currentSession().status).toBe('anonymous')
  })

  it('says that the account was deleted, even if its tokens were refused before', async () => {
    server.use(
      http.post('*/api/auth/me/delete', () => {
        endSession('expired')
        return new HttpResponse(null, { status: 204 })
      }),
    )
    startSession(aSession())
    show(<AccountPage />)
    await click('Delete account…')
    const dialog = screen.getByRole('dialog')
    await userEvent.type(within(dialog).getByLabelText('Password'), 'password123{Enter}')
    await waitFor(() => expect(currentSession().ended).toBe('deleted'))
  })
})

describe('links', () => {
  it.each([
    ['reset', <ResetPassword key="" />, '/forgot-password'],
    ['verification', <VerifyEmail key="" />, '/account'],
  ])('that are incomplete say so, and lead on: %s', (_, page, to) => {
    show(page)
    expect(screen.getByRole('heading', { name: 'This link is incomplete' })).toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Get a new link' })).toHaveAttribute('href', to)
  })

  it('keep a refused password apart from a refused link', async () => {
    history.replaceState(null, '', '/reset-password#token=x')
    server.use(
      http.post('*/api/auth/password-reset/confirm', async ({ request }) => {
        expect(await request.json()).toEqual({ token: 'x', password: 'password1' })
        return problem(400, 'validation_failed', {}, [{ pointer: '/password', detail: 'Use another one.' }])
      }),
    )
    show(<ResetPassword />)
    await userEvent.type(field('New password'), 'password1{Enter}')
    expect(await screen.findByText('Use another one.')).toBeInTheDocument()
    server.use(http.post('*/api/auth/password-reset/confirm', () => problem(400, 'invalid_link')))
    await click('Set new password')
    expect(await screen.findByRole('heading', { name: 'This link no longer works' })).toHaveFocus()
  })

  it.each([
    ['email_taken', 'This address is taken'],
    ['invalid_link', 'This link no longer works'],
  ])('to an address: %s', async (code, title) => {
    history.replaceState(null, '', '/verify-email#token=x')
    server.use(http.post('*/api/auth/email/confirm', () => problem(409, code)))
    show(<VerifyEmail />)
    await click('Confirm e-mail')
    expect(await screen.findByRole('heading', { name: title })).toHaveFocus()
  })

  it('are asked for again after a failure, with the address that was typed', async () => {
    server.use(http.post('*/api/auth/password-reset', () => problem(503, 'busy')))
    show(<ForgotPassword />)
    await userEvent.type(field('E-mail'), 'alice@example.com{Enter}')
    expect(await screen.findByRole('alert')).toHaveTextContent('It says busy')
    server.use(http.post('*/api/auth/password-reset', () => new HttpResponse(null, { status: 202 })))
    await click('Send link')
    expect(await screen.findByRole('heading', { name: 'Check your inbox' })).toBeInTheDocument()
    expect(screen.getByText(/alice@example.com belongs to an account/)).toBeInTheDocument()
  })
})
