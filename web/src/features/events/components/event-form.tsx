'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import Link from 'next/link'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { Alert } from '@/components/ui/alert'
import { Button, buttonVariants } from '@/components/ui/button'
import { InputField, SelectField, TextareaField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { ApiError } from '@/lib/api/error'
import { showErrors } from '@/lib/form-errors'
import { currencies } from '@/lib/format'
import { toLocal } from '@/lib/local-time'
import { viewerZone } from '@/lib/time-zone'
import { useKeptValues } from '@/lib/kept-values'
import { eventFormSchema, type EditedFields, type EventFormValues } from '../form-schema'

function valuesOf(event: Event | undefined): EventFormValues {
  const timeZone = event?.timeZone ?? viewerZone()
  return {
    title: event?.title ?? '',
    description: event?.description ?? '',
    venue: event?.venue ?? '',
    local: event ? toLocal(event.date, timeZone) : '',
    timeZone,
    totalTickets: event ? String(event.totalTickets) : '',
    price: event ? String(event.price) : '',
    currency: event?.currency ?? 'USD',
  }
}

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
  onSave: (values: EventFormValues, edited: EditedFields) => Promise<void>
  back: string
}) {
  const [problem, setProblem] = useState<string>()
  const { register, handleSubmit, setError, setValue, formState } = useForm<EventFormValues>({
    resolver: valibotResolver(eventFormSchema),
    defaultValues: valuesOf(event),
  })
  useKeptValues((name, value) => {
    // Not into the form of an existing event: another user may have changed it meanwhile.
    if (!event && name in formState.defaultValues!) setValue(name as keyof EventFormValues, value)
  })
  const { errors, isSubmitting, dirtyFields } = formState

  const submit = handleSubmit(async (values) => {
    try {
      await onSave(values, dirtyFields)
    } catch (error) {
      if (error instanceof ApiError && error.fields.date)
        setError('local', { message: error.fields.date }, { shouldFocus: true })
      else if (error instanceof ApiError && error.code === 'capacity_below_sold')
        setError(
          'totalTickets',
          { message: 'More tickets than that are sold already.' },
          { shouldFocus: true },
        )
      else if (error instanceof ApiError && error.code === 'event_cancelled')
        setProblem('This event has been cancelled and can’t be changed any more.')
      else if (error instanceof ApiError && error.code === 'forbidden')
        setProblem('Your account may not change this event.')
      else
        setProblem(
          showErrors(
            error,
            ['title', 'description', 'venue', 'timeZone', 'totalTickets', 'price', 'currency'],
            setError,
          ),
        )
    }
  })

  return (
    <form
      onSubmit={(e) => {
        setProblem(undefined)
        void submit(e)
      }}
      noValidate
      method="post"
      aria-label={submitText}
      className="grid gap-2 rounded-ticket border bg-card p-5 sm:p-8"
    >
      {problem && <Alert>{problem}</Alert>}
      <InputField label="Title" required error={errors.title?.message} {...register('title')} />
      <TextareaField label="Description" error={errors.description?.message} {...register('description')} />
      <InputField label="Venue" required error={errors.venue?.message} {...register('venue')} />
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-2">
        <InputField
          label="Date and time at the venue"
          type="datetime-local"
          required
          error={errors.local?.message}
          {...register('local')}
        />
        <SelectField
          label="Time zone of the venue"
          error={errors.timeZone?.message}
          {...register('timeZone', { deps: ['local'] })}
        >
          {timeZones(event?.timeZone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </SelectField>
      </div>
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-3">
        <InputField
          label="Tickets"
          required
          inputMode="numeric"
          autoComplete="off"
          error={errors.totalTickets?.message}
          {...register('totalTickets')}
        />
        <InputField
          label="Price"
          required
          inputMode="decimal"
          autoComplete="off"
          error={errors.price?.message}
          {...register('price')}
        />
        <SelectField label="Currency" error={errors.currency?.message} {...register('currency')}>
          {[...new Set([...(event ? [event.currency] : []), ...currencies])].map((currency) => (
            <option key={currency}>{currency}</option>
          ))}
        </SelectField>
      </div>
      <div className="flex flex-col-reverse gap-2.5 pt-1 sm:flex-row sm:justify-end">
        <Link className={buttonVariants({ variant: 'outline' })} href={back}>
          Back
        </Link>
        <Button type="submit" disabled={isSubmitting}>
          {isSubmitting && <Spinner />}
          <span>{isSubmitting ? submittingText : submitText}</span>
        </Button>
      </div>
    </form>
  )
}

function timeZones(also: string | undefined): string[] {
  return [
    ...new Set(['UTC', viewerZone(), ...(also ? [also] : []), ...Intl.supportedValuesOf('timeZone')]),
  ].sort()
}
