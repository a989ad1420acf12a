import { API } from './api/send'
import { ApiError } from './api/error'

const MOST = 5 // per page: one mistake may repeat for ever
let reported = 0

/** Sends a mistake of ours to the server, which logs it. Failed requests are none. */
export function reportError(error: unknown): void {
  if (error instanceof ApiError || reported++ >= MOST) return
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  const cut = (text = '', most: number) => text.slice(0, most)
  const report = {
    message: cut(`${name}: ${message}`, 500),
    stack: cut(stack, 4_000),
    page: cut(location.pathname, 200),
    build: process.env.BUILD_ID ?? '',
  }
  // Not by the API client, whose mistakes are reported too.
  fetch(`${API}/client-errors`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(report),
    keepalive: true,
  }).catch(() => undefined)
}
