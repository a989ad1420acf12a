import { renderToStaticMarkup } from 'react-dom/server'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import GlobalError from '../app/global-error'
import { server } from '../../test/server'

describe('a mistake of ours', () => {
  const reports: Record<string, string>[] = []
  beforeEach(() => {
    vi.resetModules() // a page counts its reports
    reports.length = 0
    server.use(
      http.post('*/api/client-errors', async ({ request }) => {
        reports.push((await request.json()) as Record<string, string>)
        return new HttpResponse(null, { status: 204 })
      }),
    )
  })

  it('reaches the server, which logs it, with where it happened', async () => {
    const { reportError } = await import('./report-error')
    reportError(new TypeError('x is undefined'))
    await vi.waitFor(() => expect(reports).toHaveLength(1))
    expect(reports[0]).toMatchObject({ message: 'TypeError: x is undefined', page: '/events' })
    expect(reports[0]!.stack).toContain('report-error.test')
  })

  it('that repeats is reported five times, and a failed request never', async () => {
    const { reportError } = await import('./report-error')
    const { ApiError } = await import('./api/error')
    reportError(ApiError.network())
    for (let i = 1; i <= 7; i++) reportError(new Error(`${i}`))
    await vi.waitFor(() => expect(reports).toHaveLength(5))
    expect(reports.map(({ message }) => message).sort()).toEqual([1, 2, 3, 4, 5].map((i) => `Error: ${i}`))
  })

  it('in the layout of all pages leaves a page that says so', () => {
    expect(renderToStaticMarkup(<GlobalError error={new Error('x')} />)).toContain('Something went wrong')
  })
})
