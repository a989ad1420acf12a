import type { ComponentProps } from 'react'

/** Replaces Next's link in tests: a click changes the URL of the document. */
export default function Link({
  prefetch: _,
  onClick,
  ...props
}: ComponentProps<'a'> & { prefetch?: boolean }) {
  return (
    <a
      {...props}
      onClick={(e) => {
        onClick?.(e)
        e.preventDefault()
        history.pushState(null, '', props.href)
        dispatchEvent(new PopStateEvent('popstate'))
      }}
    />
  )
}
