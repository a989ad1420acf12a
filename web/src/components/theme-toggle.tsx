'use client'

import { Moon, Sun } from 'lucide-react'
import { useTheme } from 'next-themes'
import { strings } from '@/lib/strings'
import { Button } from './ui/button'

export function ThemeToggle() {
  const { resolvedTheme, setTheme } = useTheme()
  return (
    <Button
      variant="quiet"
      size="icon"
      aria-label={strings.switchTheme}
      onClick={() => setTheme(resolvedTheme === 'dark' ? 'light' : 'dark')}
    >
      {/* Both are rendered and CSS shows one, because the theme is not known when the page is built. */}
      <Sun aria-hidden className="hidden dark:block" />
      <Moon aria-hidden className="dark:hidden" />
    </Button>
  )
}
