import { fireEvent, render, screen } from '@testing-library/react'
import { describe, expect, it, vi } from 'vitest'

describe('toasts', () => {
  it('that can’t be loaded leave the page as it is, and are loaded when there is something to say', async () => {
    vi.resetModules() // nothing is loaded yet
    let attempts = 0
    vi.doMock('./sonner', () => {
      attempts++
      throw new Error('the network is gone')
    })
    const { Toaster } = await import('./toaster')
    const { toast } = await import('@/lib/toast')
    render(
      <>
        <p>page</p>
        <Toaster />
      </>,
    )
    fireEvent.pointerMove(window)
    await vi.waitFor(() => expect(attempts).toBe(1))
    toast.info('This is said plainly.', { description: 'In full.' })
    expect(await screen.findByRole('alert')).toHaveTextContent('This is said plainly. In full.')
    expect(attempts).toBe(2)
    expect(screen.getByText('page')).toBeInTheDocument()

    vi.doUnmock('./sonner')
    toast.success('This is said.')
    expect(await screen.findByText('This is said.')).toBeInTheDocument()
  })
})
