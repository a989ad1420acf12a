import { cx } from 'class-variance-authority'
import dynamic from 'next/dynamic'
import type { ComponentProps } from 'react'
import { API } from '@/lib/api/send'
import type { Event } from '@/lib/api/types'
import type { Poster as PosterComponent } from './poster'

// Not needed before the page. The page is whole without it too.
const Poster = dynamic<ComponentProps<typeof PosterComponent>>(() =>
  import('./poster').then(
    (file) => file.Poster,
    () => () => null,
  ),
)

// The widths in which the server has an image that is as wide.
const WIDTHS = [480, 960, 1600]

/** The picture of an event, or a poster where it has none. It says nothing that the text beside it does not. */
export function EventImage({
  event,
  sizes = '(min-width: 80rem) 26rem, (min-width: 48rem) 50vw, 100vw',
  isFirst = false,
  className,
}: {
  event: Pick<Event, 'image'> & { id?: string; category?: string }
  /** How wide it is shown, as in <img sizes>. */
  sizes?: string
  /** It is in view when the page comes: fetched at once, and before others. */
  isFirst?: boolean
  className?: string
}) {
  const { image } = event
  const look = cx('aspect-video w-full bg-off-wash object-cover', className) // also before it is there
  if (!image)
    return (
      <div className={look}>
        <Poster id={event.id ?? ''} category={event.category ?? ''} />
      </div>
    )
  const at = (width: number) => `${API}${image.url}?width=${width}`
  const widths = WIDTHS.filter((width) => width <= image.width)
  return (
    // Next's own component needs a server that resizes.
    // eslint-disable-next-line @next/next/no-img-element
    <img
      alt=""
      src={at(widths.at(-1) ?? image.width)}
      srcSet={widths.map((width) => `${at(width)} ${width}w`).join(', ')}
      sizes={sizes}
      width={image.width}
      height={image.height}
      loading={isFirst ? 'eager' : 'lazy'}
      fetchPriority={isFirst ? 'high' : undefined}
      className={cx('h-auto', look)}
    />
  )
}
