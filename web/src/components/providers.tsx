'use client'

import { ThemeProvider } from 'next-themes'
import type { ReactNode } from 'react'
import { Announcer } from './announcer'
import { Toaster } from './ui/toaster'

export function Providers({ children }: { children: ReactNode }) {
  return (
    // Without disableTransitionOnChange, which computes the styles of the whole page twice when it
    // loads.
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem>
      {children}
      <Announcer />
      <Toaster />
    </ThemeProvider>
  )
}
