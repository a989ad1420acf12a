'use client'

import { ThemeProvider } from 'next-themes'
import type { ReactNode } from 'react'
import { Announcer } from './announcer'
import { Toaster } from './ui/toaster'

export function Providers({ children }: { children: ReactNode }) {
  return (
    // Not with disableTransitionOnChange, which computes the styles of the whole page twice as soon as it is there.
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem>
      {children}
      <Announcer />
      <Toaster />
    </ThemeProvider>
  )
}
