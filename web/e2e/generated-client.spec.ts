import { randomUUID } from 'node:crypto'
import createClient from 'openapi-fetch'
import type { paths } from '../src/lib/api/schema'
import { expect, NEW_PASSWORD, newEmail, schedule, test } from './fixtures'

// What other programs do with openapi-typescript and openapi-fetch.
test('a generated client registers, books once, and is told why it can’t book again', async () => {
  const event = await schedule()
  const api = createClient<paths>({ baseUrl: process.env.API_URL })
  const { data: session } = await api.POST('/auth/register', {
    body: { email: newEmail(), password: NEW_PASSWORD, name: 'Generated Client' },
  })
  const headers = { Authorization: `Bearer ${session?.accessToken}` }
  const book = (key: string) =>
    api.POST('/book', {
      body: { eventId: event.id },
      params: { header: { 'Idempotency-Key': key } },
      headers,
    })
  const key = randomUUID()
  const [first, repeated] = [await book(key), await book(key)]
  expect(first.data?.booking.status).toBe('CONFIRMED')
  expect(repeated.data?.booking.id).toBe(first.data?.booking.id)
  const { error } = await book(randomUUID())
  expect(error?.code).toBe('already_booked')
})
