import { act, fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { startSession } from '@/lib/session/session'
import { aSession } from '../../../../test/server'
import { Account } from './account'

describe('the account', () => {
  it('stays a button when its menu can’t be loaded, and opens it when it can', async () => {
    const menu = vi.fn(() => {
      throw new Error('the network is gone')
    })
    vi.doMock('./account-menu', menu)
    act(() => startSession(aSession()))
    render(<Account />)
    const button = () => screen.getByRole('button', { name: 'Account of Alice Martin' })
    fireEvent.pointerMove(window)
    await vi.waitFor(() => expect(menu).toHaveBeenCalledOnce())
    await userEvent.click(button())
    expect(button()).toBeInTheDocument()
    vi.doUnmock('./account-menu')
    await userEvent.click(button())
    expect(await screen.findByRole('menuitem', { name: 'Sign out' })).toBeInTheDocument()
  })
})
