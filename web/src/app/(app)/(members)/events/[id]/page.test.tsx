import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, problem, server } from '../../../../../../test/server'
import { show } from '../../../../../../test/show'
import EventPage from './page'

describe('the actions of organizers on an event', () => {
  /** Shows the event, and returns how often it was asked who manages it. */
  const shown = (role: 'customer' | 'organizer' | 'admin', isTheirs: boolean) => {
    const event = anEvent()
    let asked = 0
    server.use(
      http.get('*/api/events/:id', () => HttpResponse.json(event)),
      http.get('*/api/events/:id/organizers', () => {
        asked++
        return isTheirs ? HttpResponse.json({ data: [] }) : problem(403, 'not_your_event')
      }),
    )
    startSession(aSession('access-1', { role }))
    history.replaceState(null, '', `/events/${event.id}`)
    show(<EventPage />)
    return () => asked
  }

  it.each(['organizer', 'admin'] as const)('are shown to an %s who may manage it', async (role) => {
    shown(role, true)
    expect(await screen.findByRole('link', { name: 'Edit event' })).toBeVisible()
    expect(screen.getByRole('link', { name: 'Sales and attendees' })).toHaveAttribute(
      'href',
      expect.stringMatching(/^\/desk\//),
    )
    expect(screen.getByRole('button', { name: 'Cancel event' })).toBeVisible()
  })

  it('are not shown to another organizer', async () => {
    const asked = shown('organizer', false)
    await waitFor(() => expect(asked()).toBe(1))
    expect(await screen.findByRole('button', { name: /^Book Now/ })).toBeVisible()
    expect(screen.queryByRole('link', { name: 'Edit event' })).not.toBeInTheDocument()
  })

  it('are not asked for by customers', async () => {
    const asked = shown('customer', true)
    expect(await screen.findByRole('button', { name: /^Book Now/ })).toBeVisible()
    expect(screen.queryByRole('link', { name: 'Edit event' })).not.toBeInTheDocument()
    expect(asked()).toBe(0)
  })
})
