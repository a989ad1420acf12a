import { useLayoutEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, it, vi } from 'vitest'
import { lazyView } from './lazy-view'

const Hall = () => <p>The hall</p>

/** Renders as a browser does, where time passes between rendering and effects. */
function draw(View: ReturnType<typeof lazyView>, drawn = () => {}) {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false)
  const place = document.createElement('div')
  const After = () => {
    useLayoutEffect(drawn, [])
    return null
  }
  createRoot(place).render(
    <>
      <View waiting={<p>Wait</p>} />
      <After />
    </>,
  )
  return place
}

it('is shown when it arrives after the first render', async () => {
  let come = (_: { default: typeof Hall }) => {}
  const place = draw(lazyView(() => new Promise((resolve) => (come = resolve))))
  await vi.waitFor(() => expect(place.textContent).toBe('Wait'))
  come({ default: Hall })
  await vi.waitFor(() => expect(place.textContent).toBe('The hall'))
})

it('is shown when it arrives right after the first render', async () => {
  let come = (_: { default: typeof Hall }) => {}
  const View = lazyView(() => new Promise((resolve) => (come = resolve)))
  const place = draw(View, () => come({ default: Hall }))
  await vi.waitFor(() => expect(place.textContent).toBe('The hall'))
})

it('is requested again when the first attempt failed', async () => {
  const load = vi.fn().mockRejectedValueOnce(new Error('offline')).mockResolvedValue({ default: Hall })
  const place = draw(lazyView(load))
  await vi.waitFor(() => expect(place.textContent).toBe('The hall'))
  expect(load).toHaveBeenCalledTimes(2)
})
