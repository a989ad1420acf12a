import { expect, schedule, signIn, test, web, type Page } from './fixtures'

const WIDTHS = [320, 768, 1280, 1920]

/** Where the parts of a page begin that are furthest to the left: its heading, and all else that is shown. */
const edgesOf = (page: Page) =>
  page.locator('main').evaluate((main) => {
    const isShown = (e: Element) => e.checkVisibility() && !e.matches('.sr-only')
    const left = (e: Element) => e.getBoundingClientRect().left
    const parts = [...main.querySelectorAll('h1, h2, a, button, section, article, form')].filter(isShown)
    return [left(parts.find((e) => e.matches('h1'))!), Math.min(...parts.map(left))]
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
  const edges: Record<string, number[]> = {}
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    const column = await columnOf(page)
    edges[width] = (await edgesOf(page)).map((edge) => edge - column)
  }
  return edges
}

const same = Object.fromEntries(WIDTHS.map((width) => [width, [0, 0]]))

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
  const column = await columnOf(page)
  expect(await edgesOf(page)).toEqual([column + 1, column + 1])
})

test('so do those of auditors', async ({ page }) => {
  await signIn(page, 'auditor@example.com')
  const { id } = await schedule()
  for (const path of ['/audit', `/audit/${id}`]) expect(await measure(page, path), path).toEqual(same)
})
