import { expect, schedule, signIn, test, web, type Page } from './fixtures'

const WIDTHS = [320, 768, 1280, 1920]

/** Where the part of a page begins that is furthest to the left. */
const edgeOf = (page: Page) =>
  page.locator('main').evaluate((main) => {
    const parts = [...main.querySelectorAll('h1, h2, a, button, section, article, form')]
    const shown = parts.filter((e) => e.checkVisibility() && !e.matches('.sr-only'))
    return Math.min(...shown.map((e) => e.getBoundingClientRect().left))
  })

/** Where the column of pages begins. */
const columnOf = (page: Page) =>
  page.evaluate(() => {
    const column = document.body.appendChild(document.createElement('div'))
    column.className = 'page'
    const edge = column.getBoundingClientRect().left + parseFloat(getComputedStyle(column).paddingLeft)
    column.remove()
    return edge
  })

/** How far from there one page begins, at each width. */
async function measure(page: Page, path: string) {
  await page.goto(web() + path)
  await expect(page.locator('main h1').and(page.locator(':not(.sr-only)'))).toBeVisible()
  const edges: Record<string, number> = {}
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    edges[width] = (await edgeOf(page)) - (await columnOf(page))
  }
  return edges
}

const same = Object.fromEntries(WIDTHS.map((width) => [width, 0]))

test('all pages of members begin at the same edge, at every width', async ({ page }) => {
  await signIn(page, 'organizer@example.com')
  const { id } = await schedule()
  const edges: Record<string, unknown> = {}
  const paths = [
    '/events',
    `/events/${id}`,
    `/events/${id}/edit`,
    '/events/new',
    '/bookings',
    '/account',
    '/desk',
  ]
  for (const path of [...paths, `/desk/${id}`, `/desk/${id}?view=attendees`, '/desk/webhooks', `/door/${id}`])
    edges[path] = await measure(page, path)
  expect(edges).toEqual(Object.fromEntries(Object.keys(edges).map((path) => [path, same])))

  // One pixel is enough.
  await page.addStyleTag({ content: 'main { transform: translateX(1px) }' })
  expect(await edgeOf(page)).toBe((await columnOf(page)) + 1)
})

test('so do those of auditors', async ({ page }) => {
  await signIn(page, 'auditor@example.com')
  const { id } = await schedule()
  for (const path of ['/audit', `/audit/${id}`]) expect(await measure(page, path), path).toEqual(same)
})
