import { useState, type ReactNode } from 'react'
import type { UseFormRegisterReturn, UseFormReturn } from 'react-hook-form'
import { InputField, SelectField, TextareaField } from '@/components/ui/field'
import type { Event } from '@/lib/api/types'
import { viewerZone } from '@/lib/time-zone'
import type { EventFormValues, FieldName } from '../form-schema'
import { form as text } from '../form-strings'
import { categories } from '../strings'
import { ImageField } from './image-field'
import { TimeField } from './time-field'

export interface Props {
  event: Event | undefined
  form: UseFormReturn<EventFormValues>
  /** The properties of the control of a field. */
  field: (name: FieldName) => UseFormRegisterReturn & { error?: string; hint?: string }
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

export function Section({ title, children }: { title: string; children: ReactNode }) {
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
