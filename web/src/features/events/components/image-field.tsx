import { useMutation } from '@tanstack/react-query'
import { ImagePlus, Trash2 } from 'lucide-react'
import { useId } from 'react'
import { Button, buttonVariants } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { imageTypes, MOST_BYTES, uploadImage } from '../api/upload-image'
import { imageId } from '../form-schema'
import { image as text } from '../form-strings'
import { EventImage } from './event-image'

/** The id of an uploaded image, chosen as a file and shown as the server has stored it. */
export function ImageField({
  value,
  saved,
  error,
  onChange,
  onUploading,
}: {
  value: string
  /** The image that the event has. */
  saved: Event['image'] | undefined
  error?: string
  onChange: (id: string) => void
  onUploading: (isUploading: boolean) => void
}) {
  const id = useId()
  const upload = useMutation({
    mutationFn: async (file: File) => {
      if (!imageTypes.includes(file.type)) throw new Refused(text.wrongType)
      if (file.size > MOST_BYTES) throw new Refused(text.tooLarge)
      return uploadImage(file)
    },
    onMutate: () => onUploading(true),
    onSuccess: (image) => onChange(image.id),
    onSettled: () => onUploading(false),
  })
  const shown = [upload.data, saved].find((image) => imageId(image) === value)
  const problem =
    upload.error instanceof Refused ? upload.error.message : upload.error ? messageOf(upload.error) : error
  return (
    <div className="grid gap-1.5">
      <span className="text-sm font-semibold">{text.label}</span>
      <p id={`${id}-hint`} className="-mt-1 text-sm text-soft">
        {text.hint}
      </p>
      {value && shown && <EventImage event={{ image: shown }} className="rounded-md" />}
      <div className="flex flex-wrap gap-2.5">
        <label
          className={buttonVariants({
            variant: 'outline',
            className:
              'relative has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-stamp',
          })}
        >
          {upload.isPending ? <Spinner /> : <ImagePlus aria-hidden />}
          <span>{upload.isPending ? text.uploading : value ? text.change : text.choose}</span>
          <input
            type="file"
            accept={imageTypes.join()}
            disabled={upload.isPending}
            aria-invalid={problem ? true : undefined}
            aria-describedby={`${id}-hint ${id}-error`}
            className="absolute -inset-px cursor-pointer opacity-0"
            onChange={(e) => {
              const [file] = e.target.files ?? []
              e.target.value = '' // the same file can be chosen again
              if (file) upload.mutate(file)
            }}
          />
        </label>
        {value && (
          <Button
            variant="quietDanger"
            disabled={upload.isPending}
            onClick={() => {
              upload.reset()
              onChange('')
            }}
          >
            <Trash2 aria-hidden />
            {text.remove}
          </Button>
        )}
      </div>
      <p role="status" className="sr-only">
        {upload.isSuccess && text.uploaded}
      </p>
      <p id={`${id}-error`} aria-live="polite" className="min-h-5 text-sm font-medium text-bad">
        {problem}
      </p>
    </div>
  )
}

class Refused extends Error {}
