import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import { ThemeProvider } from 'next-themes'
import type { ReactNode } from 'react'
import { missingFilesScript } from '@/lib/missing-files'
import { guardScript } from '@/lib/session/hint'
import { strings } from '@/lib/strings'
import './globals.css'

// One file for all weights and widths: condensed for headings and figures, normal for text.
const archivo = localFont({
  src: '../../node_modules/@fontsource-variable/archivo/files/archivo-latin-standard-normal.woff2',
  variable: '--font-archivo',
  weight: '100 900',
  declarations: [{ prop: 'font-stretch', value: '62% 125%' }],
  display: 'swap',
  adjustFontFallback: 'Arial',
})

// Without a title, which every page renders itself: PageTitle.
export const metadata: Metadata = {
  description: 'Tickets for concerts, talks and matches: live counts, and never one sold twice.',
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
    { media: '(prefers-color-scheme: dark)', color: '#171b25' },
  ],
}

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // The theme and the guard mark this element before React starts.
    <html lang="en" className={archivo.variable} suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: missingFilesScript }} />
        <script dangerouslySetInnerHTML={{ __html: guardScript }} />
      </head>
      <body className="min-h-dvh">
        {/* Its script, which sets the theme, comes before anything that is shown. */}
        <ThemeProvider attribute="class" disableTransitionOnChange>
          <a
            href="#content"
            className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-stamp px-4 py-3 font-semibold text-on-stamp focus:translate-y-0"
          >
            {strings.skipToContent}
          </a>
          {children}
        </ThemeProvider>
      </body>
    </html>
  )
}
