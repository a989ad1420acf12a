import { navigations } from '@/lib/navigations'
import { isMissingCode, loadNewBuild } from '@/lib/new-build'
import { reportError } from '@/lib/report-error'

// Runs before the pages start.

addEventListener('error', ({ error }) => error && !isMissingCode(error) && reportError(error))
// Code that was missing when it was asked for belongs to an older build.
addEventListener('unhandledrejection', ({ reason }) => {
  if (isMissingCode(reason)) void loadNewBuild()
  else reportError(reason)
})

// A page that the browser brings back as it was may show what belongs to somebody who has signed out.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  document.documentElement.dataset.session = 'leaving' // hidden until it is loaded anew
  location.reload()
})

/** Next calls it when its router begins to go to another page. */
export const onRouterTransitionStart = () => {
  navigations.begun++
}
