import { enter, expect, listOf, card, schedule, test, toast, web, type Page } from './fixtures'

/** Records, from the first frame of each page on, what moves for longer than a millisecond. */
async function recordMotion(page: Page): Promise<() => Promise<string[]>> {
  const seen = new Set<string>()
  await page.exposeFunction('noteMotion', (what: string) => seen.add(what))
  await page.addInitScript(() => {
    const { noteMotion } = window as unknown as { noteMotion: (what: string) => void }
    const noted = new Set<string>()
    const look = () => {
      for (const animation of document.getAnimations()) {
        const effect = animation.effect as KeyframeEffect
        if (Number(effect.getComputedTiming().endTime) <= 1) continue
        const what = `${animation.constructor.name} of ${effect.target?.tagName} ${effect.target?.getAttribute('class')}`
        if (!noted.has(what)) noteMotion(what)
        noted.add(what)
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  return async () => {
    await page.evaluate(() => new Promise(requestAnimationFrame))
    return [...seen]
  }
}

/** The list, an event, a booking with its toast, a dialog, and a list that is loading. */
async function walk(page: Page): Promise<void> {
  const event = await schedule()
  await enter(page, listOf(event))
  await card(page, event).getByRole('link', { name: event.title }).click()
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(toast(page, 'Successfully booked')).toBeVisible()
  await page.getByRole('link', { name: 'My bookings' }).click()
  await page.getByRole('button', { name: 'Cancel Booking' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Keep booking' }).click()
  await page.getByRole('button', { name: /^Receipt/ }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /Account of/ }).click()
  await page.route('**/api/events?*', () => undefined) // the skeleton stays
  await page.goto(web() + '/events?search=nothing')
  await expect(page.getByRole('searchbox')).toBeVisible()
}

test('nothing moves for those who want no motion, and something for the others', async ({
  page,
  browser,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const motion = await recordMotion(page)
  await walk(page)
  expect(await motion()).toEqual([])

  const other = await browser.newPage({ reducedMotion: 'no-preference' })
  const otherMotion = await recordMotion(other)
  await walk(other)
  const kinds = (await otherMotion()).map((what) => what.split(' ')[0])
  expect(new Set(kinds)).toEqual(new Set(['CSSAnimation', 'CSSTransition']))
  await other.close()
})
