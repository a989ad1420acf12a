import axe, { type RunOptions } from 'axe-core'
import { expect, type Page } from './fixtures'

const sizes = {
  small: { width: 320, height: 640 }, // also 1280 pixels at a zoom of 400 %
  phone: { width: 375, height: 812 },
  tablet: { width: 768, height: 1024 },
  desktop: { width: 1280, height: 900 },
  wide: { width: 1920, height: 1080 },
}

/** The layouts differ in what is shown between these two. */
const layouts = ['small', 'desktop']

/**
 * Nothing sticks out at any size, everything is large enough to touch, and axe finds no barriers; axe
 * looks at one part only if it is said. Dark differs in colours only. With SCREENSHOT_DIR, it also takes
 * pictures to look at, which takes longer than all else.
 */
export async function inspect(page: Page, name: string, part = 'html'): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expect(page.locator('html')).toHaveClass(new RegExp(theme))
    for (const [size, viewport] of Object.entries(sizes)) {
      if (theme === 'dark' && !layouts.includes(size) && !process.env.SCREENSHOT_DIR) continue
      await page.setViewportSize(viewport)
      await page.evaluate(() => scrollTo(0, 0)) // nothing is below the bar at the top
      if (process.env.SCREENSHOT_DIR)
        await page.screenshot({
          path: `${process.env.SCREENSHOT_DIR}/${name}-${size}-${theme}.png`,
          fullPage: true,
          animations: 'disabled',
        })
      if (layouts.includes(size))
        expect(await barriers(page, part, theme), `${name}, ${size}, ${theme}: barriers`).toEqual([])
      if (theme === 'dark') continue
      expect(await overflowing(page), `${name}, ${size}: nothing sticks out`).toEqual([])
      expect(await tooSmall(page), `${name}, ${size}: everything is large enough to touch`).toEqual([])
    }
  }
}

const rules = {
  light: {
    type: 'tag' as const,
    values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  },
  dark: { type: 'rule' as const, values: ['color-contrast', 'link-in-text-block'] },
}

/**
 * What axe finds. That it need not tell what is right saves most of the time. @axe-core/playwright would
 * load axe again for each call, which takes as long as half of the search.
 */
export async function barriers(page: Page, part: string, theme: keyof typeof rules): Promise<string[]> {
  if (await page.evaluate(() => !('axe' in window))) await page.evaluate(`${axe.source};undefined`)
  const options: RunOptions = { resultTypes: ['violations'], runOnly: rules[theme] }
  const { violations } = await page.evaluate(
    ({ part, options }) => (window as unknown as { axe: typeof axe }).axe.run(part, options),
    { part, options },
  )
  return violations.map(
    (v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`,
  )
}

/**
 * Visible elements that overflow the screen sideways, including fixed ones, which cause no
 * scrolling.
 */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter(
        (e) =>
          e.checkVisibility({ visibilityProperty: true }) &&
          !e.closest('.sr-only, [aria-hidden=true]') &&
          !e.matches('[data-sonner-toaster]'),
      )
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
      .map((e) => e.outerHTML.slice(0, 120)),
  )
}

/** Controls smaller than 44 by 44 pixels. Links in text and titles are as high as their line. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, select, input, textarea, nav a, [role=menuitem]')]
      .filter((e) => e.checkVisibility() && !e.closest('[data-sonner-toaster]'))
      // Of a checkbox, the label around it can be touched too.
      .map((e) => ({
        text: e.outerHTML.slice(0, 120),
        box: (e.closest('label') ?? e).getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
      .map(({ text, box }) => `${Math.round(box.width)}×${Math.round(box.height)} ${text}`),
  )
}
