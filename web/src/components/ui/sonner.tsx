'use client'

import { useTheme } from 'next-themes'
import { useEffect } from 'react'
import { Toaster, type ToasterProps } from 'sonner'
import { markRegionMounted, TOAST_DURATION } from '@/lib/toast'

export { toast } from 'sonner'

/**
 * The region of toasts: a live region that exists before the first toast, so that the toast is
 * announced.
 */
export default function Sonner() {
  const { resolvedTheme } = useTheme()
  // After the effects of the region itself, which has subscribed by then.
  useEffect(markRegionMounted, [])
  return (
    <Toaster
      theme={(resolvedTheme ?? 'light') as ToasterProps['theme']}
      position="bottom-right"
      mobileOffset={{ bottom: 16, left: 16, right: 16 }}
      duration={TOAST_DURATION}
      closeButton
      toastOptions={{
        classNames: {
          toast: 'shadow-card! rounded-lg! text-[0.9375rem]! items-start! gap-2.5!',
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
