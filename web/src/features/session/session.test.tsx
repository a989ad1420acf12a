import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { endSession, restoreSession, signOut, startSession } from '@/lib/session/session'
import { currentSession, serverUnreachable, sessionEnded } from '@/lib/session/store'
import { aSession, problem, server } from '../../../test/server'
import { GuestLink } from './components/guest-link'
import { Guard } from './components/guard'
import { LoginForm } from './components/login-form'
import { RegisterForm } from './components/register-form'
import { SiteHeader } from './components/site-header'

const field = (name: string) => screen.getByLabelText(name)

describe('signing in', () => {
  it('wants an e-mail and a password', async () => {
    render(<LoginForm />)
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(await screen.findByText('Enter your e-mail address.')).toBeInTheDocument()
    expect(screen.getByText('Enter your password.')).toBeInTheDocument()
    expect(field('E-mail')).toHaveAccessibleDescription('Enter your e-mail address.')
    expect(field('E-mail')).toBeInvalid()
    await waitFor(() => expect(field('E-mail')).toHaveFocus())
    await userEvent.type(field('E-mail'), 'alice')
    expect(await screen.findByText('Enter a valid e-mail address.')).toBeInTheDocument()
  })

  it('shows that the server has not been told of the last sign-out yet', () => {
    sessionEnded('signed-out', 'failed')
    render(<LoginForm />)
    expect(screen.getByRole('alert')).toHaveTextContent('You are signed out on this device.')
  })

  it('shows refusals of the server in the form', async () => {
    server.use(
      http.post('*/api/auth/login', () =>
        HttpResponse.json(
          { type: '', title: '', status: 401, code: 'invalid_credentials', detail: 'Invalid credentials' },
          { status: 401 },
        ),
      ),
    )
    render(<LoginForm />)
    await userEvent.type(field('E-mail'), 'alice@example.com')
    await userEvent.type(field('Password'), 'wrong{Enter}')
    expect(await screen.findByRole('alert')).toHaveTextContent('Invalid credentials')
    expect(field('Password')).toHaveFocus()
    expect(currentSession().status).not.toBe('signed-in')
  })

  it.each([
    [
      () => problem(429, 'rate_limited', { 'Retry-After': '7' }),
      'Too many attempts. Try again in 7 seconds.',
    ],
    [() => HttpResponse.error(), 'The box office can’t be reached. Check your connection and try again.'],
    [() => problem(500, 'internal'), 'Something went wrong at the box office. Please try again.'],
    [
      () => new HttpResponse('{"accessToken":', { headers: { 'Content-Type': 'application/json' } }),
      'Something went wrong at the box office. Please try again.',
    ],
  ])('explains other failures', async (answer, text) => {
    server.use(http.post('*/api/auth/login', answer))
    render(<LoginForm />)
    await userEvent.type(field('E-mail'), 'alice@example.com')
    await userEvent.type(field('Password'), 'password123{Enter}')
    expect(await screen.findByRole('alert')).toHaveTextContent(text)
  })

  it('moves the focus to the field with an error of the server', async () => {
    server.use(
      http.post('*/api/auth/login', () =>
        problem(400, 'validation_failed', {}, [{ pointer: '/email', detail: 'is too long' }]),
      ),
    )
    render(<LoginForm />)
    await userEvent.type(field('E-mail'), 'alice@example.com')
    await userEvent.type(field('Password'), 'password123{Enter}')
    expect(await screen.findByText('Is too long.')).toBeInTheDocument()
    expect(field('E-mail')).toHaveFocus()
  })
})

describe('registering', () => {
  const fill = async (name: string, email: string, password: string, again = password) => {
    await userEvent.type(field('Name'), name)
    await userEvent.type(field('E-mail'), email)
    await userEvent.type(field('Password'), password)
    await userEvent.type(field('Confirm password'), again)
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }))
  }

  it.each([
    [['A', 'a@example.com', 'password123'], 'Use at least 2 characters.'],
    [['Ann', 'nonsense', 'password123'], 'Enter a valid e-mail address.'],
    [['Ann', 'a@example.com', 'pass123'], 'Use at least 8 characters.'],
    [['Ann', 'a@example.com', '123456789'], 'Use at least one letter.'],
    [['Ann', 'a@example.com', 'passwords'], 'Use at least one number.'],
    [['Ann', 'a@example.com', 'password123', 'password124'], 'The passwords don’t match.'],
  ] as [[string, string, string, string?], string][])('checks %j', async (values, text) => {
    render(<RegisterForm />)
    await fill(...values)
    expect(await screen.findByText(text)).toBeInTheDocument()
  })

  it('complains about a field when it was left, not before', async () => {
    render(<RegisterForm />)
    await userEvent.type(field('Password'), 'pass')
    expect(field('Password')).not.toHaveAttribute('aria-invalid')
    await userEvent.click(field('Name'))
    await waitFor(() => expect(field('Password')).toHaveAttribute('aria-invalid'))
    for (const name of ['Name', 'E-mail', 'Confirm password'])
      expect(field(name)).not.toHaveAttribute('aria-invalid')
    await userEvent.type(field('Password'), 'word123')
    await waitFor(() => expect(field('Password')).not.toHaveAttribute('aria-invalid'))
  })

  it('signs in, once, even when it is sent again after a lost answer', async () => {
    const keys: (string | null)[] = []
    server.use(
      http.post('*/api/auth/register', async ({ request }) => {
        keys.push(request.headers.get('Idempotency-Key'))
        expect(await request.json()).toEqual({
          name: 'Ann',
          email: 'ann@example.com',
          password: 'password123',
        })
        return keys.length === 1 ? HttpResponse.error() : HttpResponse.json(aSession(), { status: 201 })
      }),
    )
    render(<RegisterForm />)
    await fill('Ann', 'ann@example.com', 'password123')
    await screen.findByRole('alert')
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }))
    await waitFor(() => expect(currentSession().status).toBe('signed-in'))
    expect(keys[0]).toBe(keys[1])
  })

  it('shows errors of the server beside the fields', async () => {
    server.use(http.post('*/api/auth/register', () => problem(409, 'email_taken')))
    render(<RegisterForm />)
    await fill('Ann', 'ann@example.com', 'password123')
    expect(await screen.findByText(/already registered/)).toBeInTheDocument()
    server.use(
      http.post('*/api/auth/register', () =>
        problem(400, 'validation_failed', {}, [{ pointer: '/name', detail: 'is too short' }]),
      ),
    )
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }))
    expect(await screen.findByText('Is too short.')).toBeInTheDocument()
  })
})

describe('pages', () => {
  const guarded = () => render(<Guard>content</Guard>)
  beforeEach(() => history.replaceState(null, '', '/bookings?x=1'))

  it('for members wait for the session with what they show without data', () => {
    guarded()
    expect(screen.getByText('content')).toBeInTheDocument()
    act(() => sessionEnded(undefined))
    expect(location.pathname).toBe('/login')
  })

  it('for members lead to the sign-in page and back', () => {
    act(() => sessionEnded(undefined))
    guarded()
    expect(location.pathname + location.search).toBe('/login?next=%2Fbookings%3Fx%3D1')
    expect(screen.getByText('content')).toBeInTheDocument()
    act(() => startSession(aSession()))
    expect(location.pathname + location.search).toBe('/bookings?x=1')
  })

  it('for members are left for good by signing out', () => {
    startSession(aSession())
    guarded()
    act(() => endSession('signed-out'))
    expect(location.pathname + location.search).toBe('/login')
  })

  it('for members show a pending sign-out, and are left when it is done', async () => {
    startSession(aSession())
    server.use(http.post('*/api/auth/logout', () => HttpResponse.error()))
    guarded()
    await act(signOut)
    expect(screen.getByRole('alert')).toHaveTextContent('You are signed out on this device')
    expect(screen.queryByText('content')).not.toBeInTheDocument()
    expect(location.pathname).toBe('/bookings')
    server.use(http.post('*/api/auth/logout', () => new HttpResponse(null, { status: 204 })))
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(location.pathname + location.search).toBe('/login'))
  })

  it.each([
    ['/events/new', 'This page is for organizers'],
    ['/events/0197/edit', 'This page is for organizers'],
    ['/audit/0197', 'This page is for auditors'],
  ])('for another role say so: %s', (page, text) => {
    history.replaceState(null, '', page)
    startSession(aSession())
    guarded()
    expect(screen.queryByText('content')).not.toBeInTheDocument()
    expect(screen.getByRole('alert')).toHaveTextContent(text)
    expect(location.pathname).toBe(page)
  })

  it.each([
    ['/events/new', 'organizer'],
    ['/events/new', 'admin'],
    ['/events/0197/edit', 'admin'],
    ['/audit/0197', 'auditor'],
  ] as const)('for a role: %s is for %s', (page, role) => {
    history.replaceState(null, '', page)
    startSession(aSession('access-1', { role }))
    guarded()
    expect(screen.getByText('content')).toBeInTheDocument()
  })

  it('show an error with a retry when the server can’t be reached', async () => {
    serverUnreachable()
    server.use(http.post('*/api/auth/refresh', () => HttpResponse.json(aSession())))
    guarded()
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByText('content')).toBeInTheDocument()
  })

  it('for guests show it too, instead of a form that stays hidden while a session may be restored', async () => {
    history.replaceState(null, '', '/login')
    localStorage.setItem('boxoffice.session', '1')
    server.use(http.post('*/api/auth/refresh', () => problem(503, 'unavailable')))
    guarded()
    await act(restoreSession)
    expect(screen.getByRole('alert')).toHaveTextContent('The box office can’t be reached')
    expect(screen.queryByText('content')).not.toBeInTheDocument()
    server.use(http.post('*/api/auth/refresh', () => problem(401, 'invalid_token')))
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByText('content')).toBeInTheDocument()
  })
})

describe('the way to the audit', () => {
  it.each(['auditor', 'customer', 'organizer', 'admin'] as const)('is for auditors only: %s', (role) => {
    startSession(aSession('access-1', { role }))
    render(<SiteHeader />)
    const links = screen.getAllByRole('link').map((link) => link.getAttribute('href'))
    expect(links.includes('/audit')).toBe(role === 'auditor')
    expect(links).toContain('/bookings')
  })
})

describe('the way to the desk', () => {
  it.each([
    ['organizer', undefined, true],
    ['admin', undefined, true],
    ['customer', undefined, false],
    ['customer', true, true],
    ['auditor', true, true],
  ] as const)('is for those with events: %s, role at an event: %s', (role, hasEventRole, isShown) => {
    startSession(aSession('access-1', { role, hasEventRole }))
    render(<SiteHeader />)
    expect(screen.queryAllByRole('link', { name: 'Desk' })).toHaveLength(isShown ? 1 : 0)
  })
})

it('the link to the other page for guests keeps the path to open after signing in', () => {
  history.replaceState(null, '', '/login?next=%2Fbookings')
  render(<GuestLink to="/register">Register</GuestLink>)
  expect(screen.getByRole('link')).toHaveAttribute('href', '/register?next=%2Fbookings')
})
