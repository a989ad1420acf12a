import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { receive } from '../test/webhook-receiver'
import { customer, enter, expect, schedule, test as base, toast } from './fixtures'
import { inspect } from './inspect'

interface Received {
  body: string
  headers: IncomingHttpHeaders
}

/** A program that takes everything, at an address of this machine. */
const test = base.extend<{ receiver: { url: string; received: Received[] } }>({
  receiver: async ({}, provide) => {
    const received: Received[] = []
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ body, headers: request.headers })
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await provide({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received })
    server.close()
    server.closeAllConnections()
  },
})

test('a webhook is added for one event, tried, told of a booking, told again, and deleted', async ({
  page,
  receiver: { url, received },
}) => {
  test.slow()
  const soon = new Date(Date.now() + 7_200_000).toISOString() // among the next ones
  const [event, other] = await Promise.all([schedule({ date: soon }), schedule()])
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await enter(page, '/desk', 'organizer@example.com')
  await page.getByRole('link', { name: 'Webhooks' }).click()
  await page.getByRole('button', { name: 'Add a webhook' }).click()
  const events = page.getByLabel('Events', { exact: true })
  const option = events.getByRole('option', { name: event.title })
  await events.selectOption((await option.getAttribute('value'))!)
  await page.getByLabel('Only what I choose').check()
  await page.getByLabel('Booking confirmed').check()
  await inspect(page, 'webhook-new', '[role=dialog]')
  await page.getByLabel('Address').fill(url)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  const secret = await page.getByRole('textbox', { name: 'Secret' }).inputValue()
  await page.getByRole('button', { name: 'I’ve saved it' }).click()
  await expect(page.getByRole('textbox', { name: 'Secret' })).toHaveCount(0)
  await page.reload() // it isn't shown again
  const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: url }) })
  await expect(item.getByText(`Booking confirmed · Only ${event.title}`)).toBeVisible()
  await expect(page.getByText(secret)).toHaveCount(0)

  const messages = () =>
    received.map(({ body, headers }) => receive(body, headers as Record<string, string>, secret))
  await item.getByRole('button', { name: 'Send a test' }).click()
  await expect(toast(page, 'The test is on its way.')).toBeVisible()
  await expect.poll(messages).toMatchObject([{ type: 'webhook.test' }])
  const { book } = await customer()
  await book(other) // of which it is not told
  await book(event)
  // After all other records of this suite.
  await expect
    .poll(messages, { timeout: 80_000 })
    .toMatchObject([{}, { type: 'booking.confirmed', data: { event: { id: event.id } } }])

  await item.getByText('Deliveries').click()
  const deliveries = item.getByRole('list', { name: 'Deliveries' }).getByRole('listitem')
  await expect(deliveries).toHaveText([
    /^Booking confirmed.*Delivered.*Response 204/,
    /^Test.*Delivered.*Response 204/,
  ])
  await expect(page.locator('[data-sonner-toast]')).toHaveCount(0) // which may cover something
  await inspect(page, 'webhooks')
  await deliveries.first().getByRole('button', { name: 'Send again' }).click()
  await expect.poll(messages).toHaveLength(3)
  expect(received[2]!.headers['webhook-id']).toBe(received[1]!.headers['webhook-id'])
  await expect(deliveries.first()).toHaveText(/Delivered/)

  await item.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await expect(toast(page, 'The webhook was deleted.')).toBeVisible()
  await expect(item).toHaveCount(0)
})
