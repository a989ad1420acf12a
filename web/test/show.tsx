import { QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import { NuqsAdapter } from 'nuqs/adapters/react'
import type { ReactNode } from 'react'
import { queryClient } from '@/lib/query-client'

/** Renders a part of a page for members. */
export const show = (page: ReactNode) =>
  render(
    <QueryClientProvider client={queryClient}>
      <NuqsAdapter>{page}</NuqsAdapter>
    </QueryClientProvider>,
  )

/** The text of a file, as it is: jsdom's files can only be read in this way. */
export const textOf = (file: Blob) =>
  new Promise<string>((resolve) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.readAsText(file)
  })
