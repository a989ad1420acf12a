import { fireEvent, render, screen } from '@testing-library/react'
import { expect, it, vi } from 'vitest'
import { useRouter } from 'next/navigation'
import { PageLink } from './page-link'

it.each([
  ['points at it', () => fireEvent.pointerEnter(screen.getByRole('link'))],
  ['comes to it', () => screen.getByRole('link').focus()],
])('a page is fetched when somebody %s, and not before', (_, turn) => {
  const { prefetch } = useRouter()
  vi.mocked(prefetch).mockClear()
  render(<PageLink href="/bookings">My bookings</PageLink>)
  expect(prefetch).not.toHaveBeenCalled()
  turn()
  expect(prefetch).toHaveBeenCalledExactlyOnceWith('/bookings')
})
