'use client'

import { Radio, RefreshCw, WifiOff } from 'lucide-react'
import { cx } from 'class-variance-authority'
import { formatTime } from '@/lib/format'
import { useConnection } from '@/lib/live/connection-store'
import { counts as text } from '../strings'

/**
 * Shows how up to date the counts are. `asOf` is the time of the last fetch, `failing` means that
 * the last fetch failed.
 */
export function LiveStatus({
  asOf,
  failing,
  isLoading = false,
}: {
  asOf: number
  failing: boolean
  isLoading?: boolean
}) {
  const { state: connection, silentSince = 0 } = useConnection()
  const stale = failing || connection === 'offline' || (connection !== 'live' && asOf < silentSince)
  const [Icon, words] = stale
    ? [WifiOff, text.stale(formatTime(asOf))]
    : connection === 'live'
      ? [Radio, text.live]
      : connection === 'connecting'
        ? [RefreshCw, text.connecting]
        : [RefreshCw, text.polling]
  if (isLoading) return <div className="min-h-6" />
  return (
    <p
      role="status"
      data-connection={stale ? 'stale' : connection}
      className={cx(
        'inline-flex min-h-6 items-center gap-1.5 text-sm font-medium',
        stale ? 'text-bad' : 'text-soft',
      )}
    >
      <Icon aria-hidden className={cx('size-4', !stale && connection === 'live' && 'text-good')} />
      <span>{words}</span>
    </p>
  )
}
