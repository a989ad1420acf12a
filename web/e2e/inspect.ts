import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from './fixtures'

const heights: Record<number, number> = { 320: 700, 375: 812, 768: 1024, 1280: 900 }

/** Nothing overflows and axe finds nothing, at every width, light and dark. */
export async function inspect(page: Page, name: string, widths = [320, 768, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of widths) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: heights[width]! })
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(overflow, `${name} at ${width}`).toBeLessThanOrEqual(0)
      if (process.env.SCREENSHOT_DIR)
        await page.screenshot({
          path: `${process.env.SCREENSHOT_DIR}/${name}-${width}-${colorScheme}.png`,
          fullPage: true,
        })
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations, `${name} at ${width}, ${colorScheme}`).toEqual([])
    }
}
