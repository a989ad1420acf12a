'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { ApiError } from '@/lib/api/error'
import { showErrors } from '@/lib/form-errors'
import { useKeptValues } from '@/lib/kept-values'
import { EditConflict } from '../api/change-event'
import {
  copyOf,
  eventFormSchema,
  newType,
  times,
  valuesOf,
  type EditedFields,
  type EventFormValues,
  type FieldName,
} from '../form-schema'
import { form as text } from '../form-strings'
import { AboutFields, TimeFields } from './event-fields'
import { SaleFields } from './sale-fields'
import { UnsavedChanges } from './unsaved-changes'

/** The field that shows what the API calls otherwise. */
const localOf = (path: string) => (path in times ? times[path as keyof typeof times][0] : undefined)

export function EventForm({
  event,
  template,
  submitText,
  submittingText,
  onSave,
  onSaveDraft,
  back,
}: {
  event?: Event
  /** Another event, which a new one begins as a copy of. */
  template?: Event
  submitText: string
  submittingText: string
  /** `seen` is the event that the values were made from. */
  onSave: (values: EventFormValues, edited: EditedFields, seen: Event | undefined) => Promise<void>
  /** Where the event can be kept back from customers. */
  onSaveDraft?: (values: EventFormValues) => Promise<void>
  back: string
}) {
  const [problem, setProblem] = useState<string>()
  const [conflict, setConflict] = useState<Event>()
  const [seen, setSeen] = useState(event)
  const [isUploading, setIsUploading] = useState(false)
  const form = useForm<EventFormValues>({
    resolver: valibotResolver(eventFormSchema),
    // Otherwise a field in error hides the checks of several fields, such as the price's.
    criteriaMode: 'all',
    defaultValues: template ? copyOf(template) : valuesOf(event),
  })
  const { setError, reset } = form
  const { errors, isSubmitting, dirtyFields, isDirty } = form.formState
  useKeptValues((name, value) => {
    if (event) return // another user may have changed it meanwhile
    const [, index, part] = /^types\.(\d+)\.(\w+)$/.exec(name) ?? []
    if (index && part) {
      const types = [...form.getValues('types')]
      types[Number(index)] = { ...(types[Number(index)] ?? newType()), [part]: value }
      form.setValue('types', types, { shouldDirty: true })
    } else if (name in valuesOf(event)) form.setValue(name as FieldName, value, { shouldDirty: true })
  })

  const showError = (error: unknown) => {
    if (error instanceof EditConflict) return setConflict(error.current)
    const { code, fields = {} } = error instanceof ApiError ? error : {}
    if (code === 'capacity_below_sold')
      return setError('totalTickets', { message: text.belowSold }, { shouldFocus: true })
    for (const [path, message] of Object.entries(fields)) {
      const [, index, part] = /^ticketTypes\/(\d+)\/(name|price|capacity)$/.exec(path) ?? []
      const name = index ? (`types.${Number(index)}.${part as 'name'}` as const) : localOf(path)
      if (name) return setError(name, { message }, { shouldFocus: true })
    }
    if (code === 'ticket_type_in_use') return setProblem(text.typeInUse)
    if (code === 'too_many_ticket_types') return setProblem(text.tooManyTypes)
    if (code === 'event_cancelled') return setProblem(text.isCancelled)
    if (code === 'forbidden') return setProblem(text.forbidden)
    setProblem(showErrors(error, Object.keys(valuesOf(event)) as FieldName[], setError))
  }
  const submit = (save: (values: EventFormValues) => Promise<void>) => {
    setProblem(undefined)
    void form.handleSubmit(async (values) => {
      try {
        await save(values)
        reset(values) // nothing is unsaved now
      } catch (error) {
        showError(error)
      }
    })()
  }
  const isChanged = (values: EventFormValues) =>
    JSON.stringify(values.types) !== JSON.stringify(valuesOf(seen).types)

  /** What another user has saved in a field that was edited here too. */
  function hintOf(name: FieldName): string | undefined {
    const theirs = valuesOf(seen)[name]
    if (!dirtyFields[name] || theirs === valuesOf(event)[name]) return undefined
    return text.theirs(theirs.replace('T', ' ') || text.nothing)
  }
  const field = (name: FieldName) => ({
    error: errors[name]?.message,
    hint: hintOf(name),
    ...form.register(name, {
      deps: name === 'timeZone' ? Object.values(times).map(([local]) => local) : undefined,
    }),
  })
  const fields = { event, form, field }

  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        submit((values) => onSave(values, { ...dirtyFields, types: isChanged(values) }, seen))
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
      <AboutFields {...fields} image={(seen ?? template)?.image} onUploading={setIsUploading} />
      <TimeFields {...fields} />
      <SaleFields {...fields} />
      {onSaveDraft && <p className="text-sm text-soft">{text.draftHint}</p>}
      <div className="flex flex-col-reverse gap-2.5 sm:flex-row sm:justify-end">
        <ButtonLink variant="outline" href={back}>
          {text.back}
        </ButtonLink>
        {onSaveDraft && (
          <Button
            variant="outline"
            disabled={isSubmitting || isUploading}
            onClick={() => submit(onSaveDraft)}
          >
            {text.saveDraft}
          </Button>
        )}
        <Button type="submit" disabled={isSubmitting || isUploading}>
          {isSubmitting && <Spinner />}
          <span>{isSubmitting ? submittingText : submitText}</span>
        </Button>
      </div>
    </form>
  )
}
