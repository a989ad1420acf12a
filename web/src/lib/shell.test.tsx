import { act, render, screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LoadError } from '@/components/load-error'
import { PageError } from '@/components/page-error'
import { server } from '../../test/server'
import { ApiError } from './api/error'
import { reportError } from './report-error'
import { startToasts, toast } from './toast'

vi.mock('./report-error', () => ({ reportError: vi.fn() }))

describe('content that could not be fetched', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const refetch = vi.fn()
  const fail = (error: unknown) => {
    refetch.mockReset()
    render(<LoadError title="The events couldn’t be loaded" query={{ error, refetch }} />)
  }
  const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))
  let status = 503
  beforeEach(() => {
    status = 503
    server.use(http.get('*/api/readyz', () => new HttpResponse(null, { status })))
  })

  it('is fetched when the server is ready again, and not before', async () => {
    fail(ApiError.network())
    await wait(30_000)
    expect(refetch).not.toHaveBeenCalled()
    status = 200
    await wait(5_000)
    await vi.waitFor(() => expect(refetch).toHaveBeenCalledOnce())
  })

  it('is fetched as soon as the browser is back online', async () => {
    status = 200
    fail(ApiError.network())
    dispatchEvent(new Event('online'))
    await vi.waitFor(() => expect(refetch).toHaveBeenCalledOnce())
  })

  it('is not fetched again when the request was refused', async () => {
    status = 200
    fail(await ApiError.of(HttpResponse.json({ code: 'forbidden', detail: 'No.' }, { status: 403 })))
    await wait(30_000)
    dispatchEvent(new Event('online'))
    await wait(0)
    expect(refetch).not.toHaveBeenCalled()
  })
})

describe('a toast', () => {
  const shown = vi.fn()
  let stop = () => {}
  beforeEach(() => (stop = startToasts({ success: shown } as unknown as Parameters<typeof startToasts>[0])))
  afterEach(() => stop())

  it.each([
    [100, 'bottom-center'],
    [500, 'top-center'],
    [-80, 'top-center'], // scrolled away since
  ])('does not cover the button that was pressed, %i pixels from the top', async (top, position) => {
    render(<button>Book</button>)
    const button = screen.getByRole('button')
    button.getBoundingClientRect = () => new DOMRect(0, top, 100, 44)
    button.click()
    toast.success('Booked')
    await vi.waitFor(() => expect(shown).toHaveBeenLastCalledWith('Booked', { position }))
  })
})

it('a page that fails tells what may have happened, and nothing that it can’t know', () => {
  render(<PageError error={new Error('x')} />)
  expect(reportError).toHaveBeenCalledOnce()
  expect(screen.getByRole('alert')).toHaveTextContent(
    'Something went wrongSorry, that’s on us. If you were booking or cancelling, check My bookings before trying again.Reload page',
  )
})
