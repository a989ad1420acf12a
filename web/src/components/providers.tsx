'use client'

import { ThemeProvider } from 'next-themes'
import type { ReactNode } from 'react'
import { Announcer } from './announcer'
import { Toaster } from './ui/toaster'

export function Providers({ children }: { children: ReactNode }) {
  return (
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem disableTransitionOnChange>
      {children}
      <Announcer />
      <Toaster />
    </ThemeProvider>
  )
}
