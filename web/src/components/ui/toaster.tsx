'use client'

import { useTheme } from 'next-themes'
import { useEffect } from 'react'
import { toast, Toaster as Sonner, type ToasterProps } from 'sonner'
import { startToasts } from '@/lib/toast'

/** The one region of toasts: a live region that exists before the first toast. */
export default function Toaster() {
  const { resolvedTheme } = useTheme()
  useEffect(() => startToasts(toast), [])
  return (
    <Sonner
      theme={(resolvedTheme ?? 'light') as ToasterProps['theme']}
      // Below the header, unless the control that was pressed is there: see lib/toast.
      position="top-center"
      offset={{ top: 76 }}
      mobileOffset={{ top: 72, bottom: 16, left: 16, right: 16 }}
      duration={7_000}
      closeButton
      toastOptions={{
        classNames: {
          toast: 'shadow-card! rounded-lg! text-ui! items-start! gap-2.5!',
          title: 'font-semibold! leading-5!',
          description: 'text-soft! text-sm!',
          icon: 'mt-0.5!',
          success: '[&_[data-icon]]:text-good',
          error: '[&_[data-icon]]:text-bad',
          info: '[&_[data-icon]]:text-stamp',
          warning: '[&_[data-icon]]:text-warn',
          closeButton: 'size-6! bg-card! text-ink! border-line!',
        },
      }}
    />
  )
}
