'use client'

import { useEffect, useRef, type ReactNode } from 'react'

// The first page of a document leaves the focus where the browser put it; every later one takes it to its heading, as a document would.
let arrived = false

export function PageHeading({ children, className = '' }: { children: ReactNode; className?: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (arrived) heading.current?.focus({ preventScroll: true })
    arrived = true
  }, [])
  return (
    <h1 ref={heading} tabIndex={-1} className={`type-display ${className}`}>
      {children}
    </h1>
  )
}
