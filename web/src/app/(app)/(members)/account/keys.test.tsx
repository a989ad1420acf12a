import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeysSection } from '@/features/session/components/keys-section'
import type { User } from '@/lib/api/types'
import { startSession } from '@/lib/session/session'
import { aSession, problem, server } from '../../../../../test/server'
import { show } from '../../../../../test/show'

const aKey = (part: object = {}) => ({
  id: '1',
  name: 'Ticket printer',
  prefix: 'bx_live_3fQz',
  scopes: ['read', 'book'],
  createdAt: '2030-01-15T12:00:00Z',
  ...part,
})

const SECRET = 'bx_live_3fQz' + 'x'.repeat(45)

const click = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))

let kept: object[]

beforeEach(() => {
  kept = [aKey()]
  server.use(http.get('*/api/auth/keys', () => HttpResponse.json({ data: kept })))
})

function open(role: User['role'] = 'customer') {
  startSession(aSession('access', { role }))
  show(<KeysSection />)
}

describe('API keys', () => {
  it('are listed with what they can do, when they end, and when they were used', async () => {
    kept = [
      aKey({ lastUsedAt: '2030-01-16T12:00:00Z' }),
      aKey({ id: '2', name: 'Old', expiresAt: '2020-01-01T00:00:00Z', scopes: ['check_in'] }),
    ]
    open()
    const [first, second] = await screen.findAllByRole('listitem')
    expect(first).toHaveTextContent(
      /Ticket printer.*bx_live_3fQz….*Read, Book.*Last used January 16, 2030.*Never expires/,
    )
    expect(second).toHaveTextContent(/Old.*Expired.*Check in.*Never used.*Expired /)
  })

  it('say so when there are none', async () => {
    kept = []
    open()
    expect(await screen.findByText('You have no API keys.')).toBeInTheDocument()
  })

  it('are made with a password, and shown once', async () => {
    let asked: Record<string, unknown> = {}
    server.use(
      http.post('*/api/auth/keys', async ({ request }) => {
        asked = (await request.json()) as Record<string, unknown>
        kept = [...kept, aKey({ id: '2', name: 'Scanner' })]
        return HttpResponse.json({ ...aKey({ id: '2', name: 'Scanner' }), key: SECRET }, { status: 201 })
      }),
    )
    open()
    await click('Create API key…')
    const dialog = await screen.findByRole('dialog', { name: 'Create an API key' })
    await userEvent.type(within(dialog).getByLabelText('Name'), ' Scanner ')
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /^Book/ }))
    await userEvent.selectOptions(within(dialog).getByLabelText('Expires after'), 'Never')
    await userEvent.type(within(dialog).getByLabelText('Password'), 'password123{Enter}')
    expect(await screen.findByLabelText('API key')).toHaveValue(SECRET)
    expect(asked).toEqual({ name: 'Scanner', scopes: ['read', 'book'], password: 'password123' })
    await click('Done')
    expect(screen.queryByDisplayValue(SECRET)).not.toBeInTheDocument()
    expect(await screen.findByText('Scanner')).toBeInTheDocument()
    await click('Create API key…')
    expect(await screen.findByRole('dialog', { name: 'Create an API key' })).toBeInTheDocument()
  })

  it('expire after 90 days unless another time is chosen', async () => {
    let expiresAt = ''
    server.use(
      http.post('*/api/auth/keys', async ({ request }) => {
        expiresAt = ((await request.json()) as { expiresAt: string }).expiresAt
        return problem(403, 'wrong_password')
      }),
    )
    open()
    await click('Create API key…')
    await userEvent.type(await screen.findByLabelText('Name'), 'Scanner')
    await userEvent.type(screen.getByLabelText('Password'), 'wrong{Enter}')
    expect(await screen.findByText('That’s not your password.')).toBeInTheDocument()
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000)).toBe(90)
  })

  it('need a name, something to do and a password', async () => {
    open()
    await click('Create API key…')
    await userEvent.click(await screen.findByRole('checkbox', { name: /^Read/ }))
    await click('Create key')
    for (const text of ['Enter a name for the key.', 'Choose at least one.', 'Enter your password.'])
      expect(await screen.findByText(text)).toBeInTheDocument()
    expect(screen.getByRole('group', { name: 'What the key can do' })).toHaveAccessibleDescription(
      'Choose at least one.',
    )
  })

  it.each([
    ['customer', ['Read', 'Book']],
    ['organizer', ['Read', 'Book', 'Manage', 'Check in']],
    ['auditor', ['Read', 'Book', 'Audit']],
  ] as const)('offer what the role of a %s allows', async (role, names) => {
    open(role)
    await click('Create API key…')
    const boxes = await screen.findAllByRole('checkbox')
    expect(boxes.map((box) => box.closest('label')?.querySelector('.font-semibold')?.textContent)).toEqual(
      names,
    )
  })

  it('are revoked after a question', async () => {
    let revoked = ''
    server.use(
      http.delete('*/api/auth/keys/:id', ({ params }) => {
        revoked = String(params.id)
        kept = []
        return new HttpResponse(null, { status: 204 })
      }),
    )
    open()
    await userEvent.click(await screen.findByRole('button', { name: 'Revoke: Ticket printer' }))
    const dialog = screen.getByRole('alertdialog', { name: 'Revoke Ticket printer?' })
    await userEvent.click(within(dialog).getByRole('button', { name: 'Keep key' }))
    expect(revoked).toBe('')
    await click('Revoke: Ticket printer')
    await click('Revoke key')
    expect(await screen.findByText('You have no API keys.')).toBeInTheDocument()
    expect(revoked).toBe('1')
    await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument())
  })
})
