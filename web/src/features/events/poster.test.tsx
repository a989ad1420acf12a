import { render, screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { EventImage } from './components/event-image'
import { Poster } from './components/poster'

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const drawn = (n: number, category: string) => {
  const { container, unmount } = render(<Poster id={id(n)} category={category} />)
  const html = container.innerHTML
  unmount()
  return html
}

/** The same without the colours. */
const shapes = (html: string) => html.replace(/#\w{6}|rgb\([^)]*\)/g, '')

it('a poster is the same for an event at all times, and another for other events', () => {
  const posters = [1, 2, 3, 4, 5].map((n) => drawn(n, 'music'))
  expect([1, 2, 3, 4, 5].map((n) => drawn(n, 'music'))).toEqual(posters)
  expect(new Set(posters).size).toBe(5)
  expect(new Set(posters.map(shapes)).size).toBe(5) // they differ in more than colours
})

it('a poster shows what is drawn for the event’s category', () => {
  const categories = 'music theatre comedy film sport talk workshop festival family other'.split(' ')
  const elements = categories.map((category) => drawn(1, category).replace(/<(\w+)[^>]*>|[^<]+/g, '$1 '))
  expect(new Set(elements).size).toBe(categories.length)
  // Without one that is known, the id chooses among these.
  for (const category of ['', 'rodeo']) {
    const html = [1, 2, 3, 4, 5].map((n) => drawn(n, category))
    for (const poster of html) expect(poster).toMatch(/<(path|circle|ellipse)/)
    expect(new Set(html).size).toBe(5)
  }
})

// Their random numbers are as near to the upper bound as can be.
it.each([
  ['colours', 607, 'music'],
  ['shapes', 4789, ''],
])('a poster has %s also where the random number is almost the bound', (_, n, category) => {
  expect(drawn(n, category)).toMatch(/<svg.* style="background: .*<(path|circle|ellipse).* fill="#/)
})

it('an event without a picture has a poster, which screen readers skip', async () => {
  const { container } = render(<EventImage event={{ image: null, id: id(1), category: 'music' }} />)
  await expect.poll(() => container.querySelector('[data-slot=poster]')).toBeInTheDocument()
  expect(container.innerHTML).toContain(drawn(1, 'music'))
  expect(screen.queryByRole('img')).not.toBeInTheDocument()
  expect(container.querySelector('svg')).toHaveAttribute('aria-hidden', 'true')
  expect(container).toHaveTextContent('')
})
