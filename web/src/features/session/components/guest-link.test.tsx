import { createEvent, fireEvent, render, screen } from '@testing-library/react'
import { beforeEach, describe, expect, it } from 'vitest'
import { GuestLink } from './guest-link'

describe('a link between the pages for guests', () => {
  beforeEach(() => history.replaceState(null, '', '/login?next=%2Fbookings'))

  const click = (init: MouseEventInit) => {
    render(<GuestLink to="/register">Register</GuestLink>)
    const link = screen.getByRole('link')
    const event = createEvent.click(link, init)
    let isLeftToBrowser = false
    addEventListener(
      'click',
      (e) => {
        isLeftToBrowser = !e.defaultPrevented
        e.preventDefault() // jsdom has no second page
      },
      { once: true },
    )
    fireEvent(link, event)
    return isLeftToBrowser
  }

  it('keeps the path to open after signing in', () => {
    expect(click({})).toBe(false)
    expect(location.pathname + location.search).toBe('/register?next=%2Fbookings')
  })

  it.each(['metaKey', 'ctrlKey', 'shiftKey', 'altKey'])('leaves a click with %s to the browser', (key) => {
    expect(click({ [key]: true })).toBe(true)
    expect(location.pathname).toBe('/login')
  })
})
