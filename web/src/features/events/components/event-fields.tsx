import { useState, type ReactNode } from 'react'
import type { FieldPath, UseFormRegisterReturn, UseFormReturn } from 'react-hook-form'
import { InputField, SelectField, TextareaField } from '@/components/ui/field'
import type { Event } from '@/lib/api/types'
import { currencies, formatPrice } from '@/lib/format'
import { viewerZone } from '@/lib/time-zone'
import type { EventFormValues } from '../form-schema'
import { form as text } from '../form-strings'
import { categories } from '../strings'
import { ImageField } from './image-field'
import { TimeField } from './time-field'

interface Props {
  event: Event | undefined
  form: UseFormReturn<EventFormValues>
  /** The properties of the control of a field. */
  field: (name: FieldPath<EventFormValues>) => UseFormRegisterReturn & { error?: string; hint?: string }
}

export function AboutFields({
  form,
  field,
  image,
  onUploading,
}: Props & { image: Event['image'] | undefined; onUploading: (isUploading: boolean) => void }) {
  return (
    <Section title={text.about}>
      <InputField label={text.title} required {...field('title')} />
      <TextareaField label={text.description} {...field('description')} />
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-2">
        <SelectField label={text.category} {...field('category')}>
          <option value="">{text.noCategory}</option>
          {Object.entries(categories).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </SelectField>
        <InputField label={text.organizer} autoComplete="organization" {...field('organizerName')} />
      </div>
      <input type="hidden" {...form.register('image')} />
      <ImageField
        value={form.watch('image')}
        saved={image}
        error={form.formState.errors.image?.message}
        onChange={(id) => form.setValue('image', id, { shouldDirty: true })}
        onUploading={onUploading}
      />
    </Section>
  )
}

export function TimeFields({ event, form: { control, register }, field }: Props) {
  const [zones] = useState(() => timeZones(event?.timeZone))
  return (
    <Section title={text.time}>
      <InputField label={text.venue} required {...field('venue')} />
      <SelectField label={text.zone} {...field('timeZone')}>
        {zones.map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </SelectField>
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-2">
        <TimeField
          label={text.starts}
          required
          control={control}
          reading={register('reading')}
          {...field('local')}
          name="local"
        />
        <TimeField
          label={text.ends}
          control={control}
          reading={register('endReading')}
          {...field('endLocal')}
          name="endLocal"
        />
      </div>
    </Section>
  )
}

export function SaleFields({ event, form, field }: Props) {
  const { price, currency } = form.formState.dirtyFields
  const sold = event ? event.totalTickets - event.remainingTickets : 0
  return (
    <Section title={text.sale}>
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-3">
        <InputField
          label={text.tickets}
          required
          inputMode="numeric"
          autoComplete="off"
          {...field('totalTickets')}
        />
        <InputField label={text.price} required inputMode="decimal" autoComplete="off" {...field('price')} />
        <SelectField label={text.currency} {...field('currency')}>
          {[...new Set([...(event ? [event.currency] : []), ...currencies])].map((code) => (
            <option key={code}>{code}</option>
          ))}
        </SelectField>
      </div>
      <p role="status" className="text-sm font-medium text-warn">
        {event && sold > 0 && (price || currency) && (
          <span className="block rounded-md bg-warn-wash px-3.5 py-3">
            {text.soldBefore(sold, formatPrice(event.price, event.currency))}
          </span>
        )}
      </p>
    </Section>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="grid min-w-0 gap-2">
      <legend className="type-display mb-3 text-xl">{title}</legend>
      {children}
    </fieldset>
  )
}

function timeZones(also: string | undefined): string[] {
  return [
    ...new Set(['UTC', viewerZone(), ...(also ? [also] : []), ...Intl.supportedValuesOf('timeZone')]),
  ].sort()
}
