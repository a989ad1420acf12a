'use client'

import { QueryClientProvider } from '@tanstack/react-query'
import { ThemeProvider } from 'next-themes'
import type { ReactNode } from 'react'
import { queryClient } from '@/lib/query-client'
import { Announcer } from './announcer'
import { Toaster } from './ui/toaster'

export function Providers({ children }: { children: ReactNode }) {
  return (
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem disableTransitionOnChange>
      <QueryClientProvider client={queryClient}>
        {children}
        <Announcer />
        <Toaster />
      </QueryClientProvider>
    </ThemeProvider>
  )
}
