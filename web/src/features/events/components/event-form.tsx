'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import Link from 'next/link'
import { useState } from 'react'
import { useForm, type FieldPath } from 'react-hook-form'
import { Alert } from '@/components/ui/alert'
import { Button, buttonVariants } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { ApiError } from '@/lib/api/error'
import { showErrors } from '@/lib/form-errors'
import { useKeptValues } from '@/lib/kept-values'
import { EditConflict } from '../api/change-event'
import { eventFormSchema, valuesOf, type EditedFields, type EventFormValues } from '../form-schema'
import { form as text } from '../form-strings'
import { AboutFields, SaleFields, TimeFields } from './event-fields'
import { UnsavedChanges } from './unsaved-changes'

type Name = FieldPath<EventFormValues>

export function EventForm({
  event,
  submitText,
  submittingText,
  onSave,
  back,
}: {
  event?: Event
  submitText: string
  submittingText: string
  /** `seen` is the event that the values were made from. */
  onSave: (values: EventFormValues, edited: EditedFields, seen: Event | undefined) => Promise<void>
  back: string
}) {
  const [problem, setProblem] = useState<string>()
  const [conflict, setConflict] = useState<Event>()
  const [seen, setSeen] = useState(event)
  const [isUploading, setIsUploading] = useState(false)
  const form = useForm<EventFormValues>({
    resolver: valibotResolver(eventFormSchema),
    defaultValues: valuesOf(event),
  })
  const { setError, reset } = form
  const { errors, isSubmitting, dirtyFields, isDirty } = form.formState
  useKeptValues((name, value) => {
    // Not into the form of an existing event: another user may have changed it meanwhile.
    if (!event && name in valuesOf(event)) form.setValue(name as Name, value, { shouldDirty: true })
  })

  const showError = (error: unknown) => {
    if (error instanceof EditConflict) return setConflict(error.current)
    const { code, fields = {} } = error instanceof ApiError ? error : {}
    if (code === 'capacity_below_sold')
      return setError('totalTickets', { message: text.belowSold }, { shouldFocus: true })
    if (fields.date) return setError('local', { message: fields.date }, { shouldFocus: true })
    if (fields.endsAt) return setError('endLocal', { message: fields.endsAt }, { shouldFocus: true })
    if (code === 'event_cancelled') return setProblem(text.isCancelled)
    if (code === 'forbidden') return setProblem(text.forbidden)
    setProblem(showErrors(error, Object.keys(valuesOf(event)) as Name[], setError))
  }
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSave(values, dirtyFields, seen)
      reset(values) // nothing is unsaved now
    } catch (error) {
      showError(error)
    }
  })

  /** What another user has saved in a field that was edited here too. */
  function hintOf(name: Name): string | undefined {
    const theirs = valuesOf(seen)[name]
    if (!dirtyFields[name] || theirs === valuesOf(event)[name]) return undefined
    return text.theirs(theirs.replace('T', ' ') || text.nothing)
  }
  const field = (name: Name) => ({
    error: errors[name]?.message,
    hint: hintOf(name),
    ...form.register(name, { deps: name === 'timeZone' ? ['local', 'endLocal'] : undefined }),
  })
  const fields = { event, form, field }

  return (
    <form
      onSubmit={(e) => {
        setProblem(undefined)
        void submit(e)
      }}
      noValidate
      method="post"
      aria-label={submitText}
      className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-8"
    >
      <UnsavedChanges isDirty={isDirty && !isSubmitting} />
      {problem && <Alert>{problem}</Alert>}
      {conflict && (
        <Alert>
          <p>{text.conflict}</p>
          <Button
            variant="outline"
            className="mt-3"
            onClick={() => {
              reset(valuesOf(conflict), { keepDirtyValues: true })
              setSeen(conflict)
              setConflict(undefined)
            }}
          >
            {text.loadTheirs}
          </Button>
        </Alert>
      )}
      <AboutFields {...fields} image={seen?.image} onUploading={setIsUploading} />
      <TimeFields {...fields} />
      <SaleFields {...fields} />
      <div className="flex flex-col-reverse gap-2.5 sm:flex-row sm:justify-end">
        <Link className={buttonVariants({ variant: 'outline' })} href={back}>
          {text.back}
        </Link>
        <Button type="submit" disabled={isSubmitting || isUploading}>
          {isSubmitting && <Spinner />}
          <span>{isSubmitting ? submittingText : submitText}</span>
        </Button>
      </div>
    </form>
  )
}
