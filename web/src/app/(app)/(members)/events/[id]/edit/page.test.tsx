import { act, screen, waitFor } from '@testing-library/react'
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

  it('shows the values saved by another user on request', async () => {
    const event = anEvent({ id: newId() })
    let now = event
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(now)),
      http.patch('*/api/events/:id', () => problem(412, 'version_mismatch')),
    )
    shown(event)
    await userEvent.type(await screen.findByLabelText('Title'), ', late')
    now = { ...event, title: 'Jazz Morning', version: event.version + 1 }
    await userEvent.click(screen.getByRole('button', { name: 'Save changes' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Load the current version' }))
    await waitFor(() => expect(screen.getByLabelText('Title')).toHaveValue('Jazz Morning'))
  })
})
