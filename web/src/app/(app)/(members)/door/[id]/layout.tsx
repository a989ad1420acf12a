import type { ReactNode } from 'react'

// One page is exported for all ids; the server serves it for each of them.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function Layout({ children }: { children: ReactNode }) {
  return children
}
