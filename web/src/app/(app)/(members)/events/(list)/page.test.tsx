import { fireEvent, screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, server } from '../../../../../../test/server'
import { show } from '../../../../../../test/show'
import EventsPage from './page'

describe('the events', () => {
  let asked: string[]
  beforeEach(() => {
    asked = []
    startSession(aSession())
    server.use(
      http.get('*/api/events', ({ request }) => {
        const { searchParams } = new URL(request.url)
        const page = Number(searchParams.get('page'))
        asked.push(`${searchParams.get('search') ?? ''}@${page}`)
        const data = page > 2 ? [] : [anEvent({ title: `Event of page ${page}` })]
        return HttpResponse.json({ data, meta: { total: 13, page, limit: 12, totalPages: 2 } })
      }),
    )
  })

  it('of a page that does not exist are those of the last one', async () => {
    history.replaceState(null, '', '/events?page=99')
    show(<EventsPage />)
    expect(await screen.findByRole('heading', { name: 'Event of page 2' })).toBeInTheDocument()
    expect(location.search).toBe('?page=2')
  })

  it('are searched for after a pause, and the count is announced, also of the same search again', async () => {
    history.replaceState(null, '', '/events')
    show(<EventsPage />)
    const box = await screen.findByRole('searchbox')
    for (const text of ['j', 'ja', 'jazz ']) fireEvent.change(box, { target: { value: text } })
    expect(box).toHaveValue('jazz ')
    await waitFor(() => expect(screen.getByText('13 events found for jazz')).toBeInTheDocument())
    expect(asked).toEqual(['@1', 'jazz@1'])
    expect(box).toHaveValue('jazz ')
    fireEvent.click(screen.getByRole('button', { name: 'Clear search' }))
    await waitFor(() => expect(screen.getByText('13 events found')).toBeInTheDocument())
  })
})
