import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, newId, problem, server } from '../../../../../../../test/server'
import { show } from '../../../../../../../test/show'
import EditPage from './page'

describe('editing an event', () => {
  const shown = (event: ReturnType<typeof anEvent>) => {
    startSession(aSession('access-1', { role: 'organizer' }))
    history.replaceState(null, '', `/events/${event.id}/edit`)
    show(<EditPage />)
  }

  it('says so of an event of another organizer', async () => {
    const event = anEvent()
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(event)),
      http.get('*/api/events/:id/organizers', () => problem(403, 'not_your_event')),
    )
    shown(event)
    expect(await screen.findByRole('alert')).toHaveTextContent('This is another organizer’s event')
    expect(screen.getByRole('link', { name: 'Show event' })).toHaveAttribute('href', `/events/${event.id}`)
    expect(screen.queryByLabelText('Title')).not.toBeInTheDocument()
  })

  it('keeps the typed values when events are fetched again after a booking or a lost connection', async () => {
    const event = anEvent({ id: newId() })
    let reads = 0
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json({ ...event, version: event.version + reads++ })),
    )
    shown(event)
    await userEvent.type(await screen.findByLabelText('Title'), ', late')
    await act(() => queryClient.invalidateQueries({ queryKey: ['events'] }))
    expect(reads).toBe(1)
    expect(screen.getByLabelText('Title')).toHaveValue('Jazz Night, late')
  })

  it('keeps what was typed when the changes of another user are loaded, and sends only that', async () => {
    const event = anEvent({ id: newId() })
    let now = event
    const asked: unknown[] = []
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(now)),
      http.patch('*/api/events/:id', async ({ request }) => {
        if (request.headers.get('If-Match') !== `"${now.version}"`) return problem(412, 'version_mismatch')
        asked.push(await request.json())
        return HttpResponse.json(now)
      }),
    )
    shown(event)
    await userEvent.type(await screen.findByLabelText('Title'), ', late')
    now = { ...event, title: 'Jazz Morning', venue: 'Large Hall', version: event.version + 1 }
    await userEvent.click(screen.getByRole('button', { name: 'Save changes' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Load their changes' }))
    await waitFor(() => expect(screen.getByLabelText('Venue')).toHaveValue('Large Hall'))
    expect(screen.getByLabelText('Title')).toHaveValue('Jazz Night, late')
    expect(screen.getByLabelText('Title')).toHaveAccessibleDescription('Saved by someone else: Jazz Morning')
    await userEvent.click(screen.getByRole('button', { name: 'Save changes' }))
    await waitFor(() => expect(asked).toEqual([{ title: 'Jazz Night, late' }]))
  })

  it('keeps the ids of ticket types, and sends them only when they were edited', async () => {
    const types = [
      { id: 1, name: 'Seated', price: 30, remaining: 10, capacity: 20 },
      { id: 3, name: 'Standing', price: 12.5, remaining: 60 },
    ]
    const event = anEvent({ id: newId(), ticketTypes: types })
    const asked: unknown[] = []
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(event)),
      http.patch('*/api/events/:id', async ({ request }) => {
        asked.push(await request.json())
        return HttpResponse.json(event)
      }),
    )
    shown(event)
    const second = within(await screen.findByRole('group', { name: 'Ticket type 2' }))
    await userEvent.type(second.getByLabelText('Price'), '5')
    await userEvent.click(screen.getByRole('button', { name: 'Save changes' }))
    await waitFor(() =>
      expect(asked).toEqual([
        {
          ticketTypes: [
            { id: 1, name: 'Seated', price: 30, capacity: 20 },
            { id: 3, name: 'Standing', price: 12.55 },
          ],
        },
      ]),
    )
  })

  it('warns of another price once tickets are sold', async () => {
    const event = anEvent({ id: newId() })
    server.use(http.get('*/api/events/:id', () => HttpResponse.json(event)))
    shown(event)
    const warning = '40 tickets were sold at $49.99. The new price applies to new bookings only.'
    await userEvent.type(await screen.findByLabelText('Title'), '!')
    expect(screen.queryByText(warning)).not.toBeInTheDocument()
    await userEvent.type(screen.getByLabelText('Price'), '0')
    expect(screen.getByText(warning)).toBeInTheDocument()
  })
})
