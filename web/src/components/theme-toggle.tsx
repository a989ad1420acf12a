'use client'

import { Moon, Sun } from 'lucide-react'
import { useTheme } from 'next-themes'
import { Button } from './ui/button'

export function ThemeToggle() {
  const { resolvedTheme, setTheme } = useTheme()
  const toggle = () => {
    // All colours change at once, without transitions.
    const { dataset } = document.documentElement
    dataset.theme = 'changing'
    setTheme(resolvedTheme === 'dark' ? 'light' : 'dark')
    requestAnimationFrame(() => requestAnimationFrame(() => delete dataset.theme))
  }
  return (
    <Button variant="quiet" size="icon" aria-label="Switch between light and dark" onClick={toggle}>
      {/* Both are rendered and CSS shows one, because the theme is not known when the page is built. */}
      <Sun aria-hidden className="hidden dark:block" />
      <Moon aria-hidden className="dark:hidden" />
    </Button>
  )
}
