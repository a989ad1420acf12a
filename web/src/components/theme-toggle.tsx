'use client'

import { Moon, Sun } from 'lucide-react'
import { useTheme } from 'next-themes'
import { Button } from './ui/button'

export function ThemeToggle() {
  const { resolvedTheme, setTheme } = useTheme()
  const toggle = () => {
    // All colours change at once: no control fades behind the others.
    const { dataset } = document.documentElement
    dataset.theme = 'changing'
    setTheme(resolvedTheme === 'dark' ? 'light' : 'dark')
    requestAnimationFrame(() => requestAnimationFrame(() => delete dataset.theme))
  }
  return (
    <Button variant="quiet" size="icon" aria-label="Switch between light and dark" onClick={toggle}>
      {/* Both are there, and the theme shows one: the server does not know which. */}
      <Sun aria-hidden className="hidden dark:block" />
      <Moon aria-hidden className="dark:hidden" />
    </Button>
  )
}
