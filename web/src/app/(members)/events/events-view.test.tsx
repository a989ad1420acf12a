import { QueryClientProvider } from '@tanstack/react-query'
import { act, fireEvent, render, screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, it, vi } from 'vitest'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, server } from '../../../../test/server'
import EventsView from './events-view'

it('renders the first rows, and the others with the pagination when those are painted', async () => {
  const paints: FrameRequestCallback[] = []
  vi.spyOn(window, 'requestAnimationFrame').mockImplementation((paint) => paints.push(paint))
  vi.spyOn(window, 'scrollTo').mockImplementation(() => undefined)
  startSession(aSession())
  server.use(
    http.get('*/api/events', ({ request }) =>
      HttpResponse.json({
        data: Array.from({ length: 12 }, () => anEvent()),
        meta: {
          total: 24,
          page: Number(new URL(request.url).searchParams.get('page')),
          limit: 12,
          totalPages: 2,
        },
      }),
    ),
  )
  const view = (
    <QueryClientProvider client={queryClient}>
      <EventsView />
    </QueryClientProvider>
  )
  const { unmount } = render(view)
  const cards = () => screen.queryAllByRole('article')
  await vi.waitFor(() => expect(cards().length).toBeGreaterThan(0))
  expect(cards()).toHaveLength(6)
  // It would be pushed down by the cards.
  expect(screen.queryByRole('navigation')).not.toBeInTheDocument()
  expect(screen.getByRole('list').parentElement).toHaveAttribute('aria-busy', 'true')

  await vi.waitFor(() => expect(paints).not.toHaveLength(0))
  await act(async () => {
    paints.forEach((paint) => paint(0))
    await new Promise((resolve) => setTimeout(resolve))
  })
  expect(cards()).toHaveLength(12)
  expect(screen.getByRole('list').parentElement).toHaveAttribute('aria-busy', 'false')

  // Later lists are complete.
  fireEvent.click(screen.getByRole('link', { name: 'Next' }))
  await vi.waitFor(() => expect(screen.getByText('2', { selector: 'nav span' })).toBeInTheDocument())
  expect(cards()).toHaveLength(12)

  // Coming back keeps the scroll position.
  unmount()
  render(view)
  expect(cards()).toHaveLength(12)
})
