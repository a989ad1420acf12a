import { readFileSync } from 'node:fs'
import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import type { DeskListedEvent, Webhook, WebhookDelivery } from '@/lib/api/types'
import { anEvent, aSession, newId, problem, server } from '../../../test/server'
import { show } from '../../../test/show'
import { receive } from '../../../test/webhook-receiver'
import { Webhooks } from './components/webhooks'
import { nameOfType, types } from './strings'

const aWebhook = (part: Partial<Webhook> = {}): Webhook => ({
  id: newId(),
  url: 'https://example.com/hook',
  types: ['booking.confirmed'],
  eventId: null,
  status: 'active',
  createdAt: '2030-01-15T12:00:00Z',
  ...part,
})

const aDelivery = (part: Partial<WebhookDelivery> = {}): WebhookDelivery => ({
  id: 7,
  messageId: '4711-9f86d081',
  type: 'booking.confirmed',
  eventId: null,
  status: 'failed',
  createdAt: '2030-01-15T12:00:00Z',
  attempts: 12,
  statusCode: 500,
  durationMs: 1234,
  error: 'The endpoint answered with an error.',
  ...part,
})

const aDeskEvent = (part: Partial<DeskListedEvent>): DeskListedEvent => ({
  id: newId(),
  date: '2030-03-15T19:00:00Z',
  timeZone: 'Europe/Lisbon',
  venue: 'The Listening Room',
  title: 'Jazz Night',
  role: 'owner',
  status: 'SCHEDULED',
  draft: false,
  capacity: 10,
  sold: 0,
  held: 0,
  waiting: 0,
  checkedIn: 0,
  ...part,
})

const click = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))

let all: Webhook[]

beforeEach(() => {
  all = []
  startSession(aSession())
  server.use(
    http.get('*/api/webhooks', () => HttpResponse.json({ data: all })),
    http.get('*/api/desk/events', () =>
      HttpResponse.json({
        data: [
          aDeskEvent({ title: 'Jazz Night', role: 'owner' }),
          aDeskEvent({ title: 'Gala', role: 'manage' }),
          aDeskEvent({ title: 'Matinee', role: 'sell' }),
        ],
        meta: { limit: 100, total: 3 },
      }),
    ),
  )
})

describe('webhooks', () => {
  it('are added with what they are told, and show their secret once', async () => {
    const sent = vi.fn()
    server.use(
      http.post('*/api/webhooks', async ({ request }) => {
        sent(await request.json())
        all = [aWebhook()]
        return HttpResponse.json({ ...all[0], secret: 'whsec_abc' }, { status: 201 })
      }),
    )
    show(<Webhooks />)
    await userEvent.click(await screen.findByRole('button', { name: 'Add a webhook' }))
    const dialog = within(screen.getByRole('dialog'))
    await userEvent.click(dialog.getByRole('button', { name: 'Add' }))
    expect(dialog.getByLabelText('Address')).toHaveAccessibleDescription(/Enter an address/)
    await userEvent.type(dialog.getByLabelText('Address'), ' https://example.com/hook ')
    await userEvent.click(dialog.getByLabelText('Only what I choose'))
    await userEvent.click(dialog.getByRole('button', { name: 'Add' }))
    expect(dialog.getByRole('alert')).toHaveTextContent('Choose at least one.')
    await userEvent.click(dialog.getByLabelText('Booking confirmed'))
    await userEvent.click(dialog.getByRole('button', { name: 'Add' }))
    expect(await screen.findByLabelText('Secret')).toHaveValue('whsec_abc')
    expect(sent).toHaveBeenCalledWith({ url: 'https://example.com/hook', types: ['booking.confirmed'] })
    let copied: string | undefined
    // As over plain http, where navigator.clipboard is missing.
    document.execCommand = () => ((copied = (document.activeElement as HTMLInputElement).value), true)
    await click('Copy')
    expect(await screen.findByText('Copied')).toBeInTheDocument()
    expect(copied).toBe('whsec_abc')
    await click('I’ve saved it')
    expect(await screen.findByText('https://example.com/hook')).toBeInTheDocument()
    expect(screen.queryByLabelText('Secret')).not.toBeInTheDocument()
  })

  it('are told of one event, of those that the user may manage', async () => {
    const event = anEvent({ title: 'Gala' })
    const sent = vi.fn()
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(event)),
      http.post('*/api/webhooks', async ({ request }) => {
        sent(await request.json())
        all = [aWebhook({ eventId: event.id })]
        return HttpResponse.json({ ...all[0], secret: 'whsec_abc' }, { status: 201 })
      }),
    )
    show(<Webhooks />)
    await userEvent.click(await screen.findByRole('button', { name: 'Add a webhook' }))
    const gala = await screen.findByRole<HTMLOptionElement>('option', { name: /^Gala/ })
    expect(within(screen.getByLabelText('Events')).getAllByRole('option')).toHaveLength(3)
    await userEvent.type(screen.getByLabelText('Address'), 'https://example.com/hook')
    await userEvent.selectOptions(screen.getByLabelText('Events'), gala)
    await userEvent.click(screen.getByRole('button', { name: 'Add' }))
    await click('I’ve saved it')
    expect(sent).toHaveBeenCalledWith({ url: 'https://example.com/hook', types: [], eventId: gala.value })
    expect(await screen.findByText(/Only/)).toHaveTextContent('Booking confirmed · Only Gala')
  })

  it('say why an address is refused', async () => {
    server.use(
      http.post('*/api/webhooks', () =>
        problem(400, 'validation_failed', {}, [
          { pointer: '/url', detail: 'The address must be a public one.' },
        ]),
      ),
    )
    show(<Webhooks />)
    await userEvent.click(await screen.findByRole('button', { name: 'Add a webhook' }))
    await userEvent.type(screen.getByLabelText('Address'), 'https://10.0.0.1/')
    await userEvent.click(screen.getByRole('button', { name: 'Add' }))
    await waitFor(() =>
      expect(screen.getByLabelText('Address')).toHaveAccessibleDescription(/must be a public one/),
    )
  })

  it('are paused, resumed and deleted', async () => {
    all = [aWebhook({ status: 'failing', failingSince: '2030-01-12T12:00:00Z' })]
    const asked: unknown[] = []
    server.use(
      http.get('*/api/webhooks/:id/deliveries', ({ params }) => {
        asked.push(params.id)
        return HttpResponse.json({ data: [], meta: { limit: 20 } })
      }),
      http.patch('*/api/webhooks/:id', async ({ request }) => {
        const { status } = (await request.json()) as Pick<Webhook, 'status'>
        all = [{ ...all[0]!, status, failingSince: undefined }]
        return HttpResponse.json(all[0])
      }),
      http.delete('*/api/webhooks/:id', () => {
        all = []
        return new HttpResponse(null, { status: 204 })
      }),
    )
    show(<Webhooks />)
    expect(await screen.findByText('Switched off')).toBeInTheDocument()
    expect(screen.getByText(/Failing since/)).toHaveTextContent('January 12, 2030')
    await click(/^Resume/)
    expect(await screen.findByText('Active')).toBeInTheDocument()
    await click(/^Pause/)
    expect(await screen.findByText('Paused')).toBeInTheDocument()
    await userEvent.click(screen.getByText('Deliveries'))
    expect(await screen.findByText('Nothing was sent in the last 30 days.')).toBeInTheDocument()
    const [{ id }] = all as [Webhook]
    await click(/^Delete/)
    await click('Delete')
    expect(await screen.findByText('No webhooks yet')).toBeInTheDocument()
    await waitFor(() => expect(queryClient.isFetching()).toBe(0))
    expect(asked).toEqual([id]) // not once more, when it was deleted
  })

  it('list their deliveries, and send them again', async () => {
    all = [aWebhook()]
    const delivery = aDelivery()
    const again = vi.fn()
    server.use(
      http.get('*/api/webhooks/:id/deliveries', () =>
        HttpResponse.json({ data: [delivery], meta: { limit: 20 } }),
      ),
      http.post('*/api/webhooks/:id/deliveries/7/redeliver', () => {
        again()
        return HttpResponse.json({ ...delivery, status: 'pending', attempts: 0 }, { status: 202 })
      }),
    )
    show(<Webhooks />)
    await userEvent.click(await screen.findByText('Deliveries'))
    const row = (await screen.findByText('Given up')).closest('li')
    expect(row).toHaveTextContent('Response 500 · 1,234 ms · 12 attempts')
    expect(row).toHaveTextContent('The endpoint answered with an error.')
    await click(/^Send again/)
    await waitFor(() => expect(again).toHaveBeenCalledOnce())
  })

  it('can be at most ten', async () => {
    all = Array.from({ length: 10 }, () => aWebhook())
    show(<Webhooks />)
    expect(await screen.findByText(/You can have 10 webhooks/)).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Add a webhook' })).not.toBeInTheDocument()
  })
})

describe('a receiver', () => {
  const file = (path: string) => readFileSync(`../${path}`, 'utf8')
  const sample = JSON.parse(file('internal/endpoint/testdata/delivery.json')) as {
    secrets: string[]
    headers: Record<string, string>
    body: string
  }

  it('finds the signature valid by the library of Standard Webhooks', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Number(sample.headers['webhook-timestamp']) * 1000 })
    try {
      for (const secret of sample.secrets)
        expect(receive(sample.body, sample.headers, secret).type).toBe('booking.confirmed')
      expect(() => receive(`${sample.body} `, sample.headers, sample.secrets[0]!)).toThrow()
    } finally {
      vi.useRealTimers()
    }
  })

  it('is the one of the guide', () => {
    expect(file('docs/webhooks.md')).toContain(file('web/test/webhook-receiver.ts'))
  })

  it('can be told of every type that the guide has', () => {
    const documented = [...file('docs/webhooks.md').matchAll(/^\| `([a-z_.]+)` \|/gm)].map(
      ([, type]) => type!,
    )
    expect(documented.filter((type) => nameOfType(type) === type)).toEqual([])
    expect(documented).toHaveLength(types.length + 1) // and the test
  })
})
