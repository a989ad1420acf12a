import type { Page } from './fixtures'

/** Records texts, from the first frame of a page on, that nobody must see during an update. */
export async function recordComplaints(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const wrong = /offline|has failed|be reached|Something (went wrong|unexpected)|Failed to/
    const look = () => {
      const [complaint] = wrong.exec(document.body?.innerText ?? '') ?? []
      if (complaint) sessionStorage.setItem(`complaint ${complaint}`, '')
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  return () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('complaint')))
}
