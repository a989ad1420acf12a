'use client'

import { useEffect, useRef, type ReactNode } from 'react'

// The first page of a document leaves the focus where the browser put it. Later pages move it to
// their heading, like a new document.
let arrived = false

export function PageHeading({
  children,
  className = 'text-4xl sm:text-5xl',
}: {
  children: ReactNode
  className?: string
}) {
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
