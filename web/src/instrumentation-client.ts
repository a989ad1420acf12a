import { isMissingCode } from '@/lib/new-build'
import { reportError } from '@/lib/report-error'

// Runs before the pages start.

addEventListener('error', ({ error }) => error && !isMissingCode(error) && reportError(error))
addEventListener('unhandledrejection', ({ reason }) => !isMissingCode(reason) && reportError(reason))

// A page that the browser brings back as it was may show what belongs to somebody who has signed out.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload())
