import { Plus, X } from 'lucide-react'
import { Button } from '@/components/ui/button'
import { InputField, SelectField } from '@/components/ui/field'
import { currencies, formatPrice } from '@/lib/format'
import { firstTypes, MOST_TYPES, newType, type TypeValues } from '../form-schema'
import { form as text } from '../form-strings'
import { Section, type Props } from './event-fields'
import { TimeField } from './time-field'

const number = { inputMode: 'numeric', autoComplete: 'off' } as const
const decimal = { inputMode: 'decimal', autoComplete: 'off' } as const

/** How many tickets there are, of which types, at what price, for whom and from when. */
export function SaleFields(props: Props) {
  const { event, form, field } = props
  const hasTypes = form.watch('types').length > 0
  return (
    <Section title={text.sale}>
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-3">
        <InputField label={text.tickets} required {...number} {...field('totalTickets')} />
        {!hasTypes && <InputField label={text.price} required {...decimal} {...field('price')} />}
        <SelectField label={text.currency} {...field('currency')}>
          {[...new Set([...(event ? [event.currency] : []), ...currencies])].map((code) => (
            <option key={code}>{code}</option>
          ))}
        </SelectField>
        {hasTypes && <InputField label={text.limit} required {...number} {...field('maxPerCustomer')} />}
      </div>
      {hasTypes ? (
        <TypeFields {...props} />
      ) : (
        <div className="grid items-start gap-x-5 gap-y-2 sm:grid-cols-3">
          <InputField label={text.limit} required {...number} {...field('maxPerCustomer')} />
          <Button
            variant="outline"
            className="mb-5 sm:col-span-2 sm:mt-6.5 sm:justify-self-start"
            onClick={() => setTypes(form, firstTypes(event, form.getValues('price')))}
          >
            <Plus aria-hidden />
            {text.addTypes}
          </Button>
        </div>
      )}
      <SoldBefore {...props} />
      <div className="grid gap-x-5 gap-y-2 sm:grid-cols-2">
        {(['opens', 'closes'] as const).map((name) => (
          <TimeField
            key={name}
            label={text[name]}
            control={form.control}
            reading={form.register(`${name}Reading`)}
            {...field(`${name}Local`)}
            name={`${name}Local`}
          />
        ))}
      </div>
    </Section>
  )
}

// Not by useFieldArray: the sign-in page would load it too, with the rest of the library.
function setTypes(form: Props['form'], types: TypeValues[]): void {
  form.setValue('types', types, { shouldDirty: true })
}

function TypeFields({ form }: Props) {
  const { register, watch, formState } = form
  const types = watch('types')
  const remove = (at: number) => {
    form.unregister(`types.${types.length - 1}`, { keepValue: true, keepDirty: true })
    setTypes(
      form,
      types.filter((_, i) => i !== at),
    )
  }
  return (
    <div role="group" aria-label={text.types} className="mb-3 grid gap-3">
      <p className="text-sm text-soft">{text.typesHint}</p>
      {types.map((type, i) => {
        const errors = formState.errors.types?.[i]
        const field = (name: 'name' | 'price' | 'capacity') => ({
          ...register(`types.${i}.${name}`),
          error: errors?.[name]?.message,
        })
        return (
          <div
            key={i}
            role="group"
            aria-label={text.oneType(i + 1)}
            className="grid gap-x-4 rounded-md border p-3 pb-0 sm:grid-cols-[1fr_7rem_9rem_auto]"
          >
            <input type="hidden" {...register(`types.${i}.id`)} />
            <InputField label={text.typeName} required autoComplete="off" {...field('name')} />
            <InputField label={text.price} required {...decimal} {...field('price')} />
            <InputField label={text.typeCapacity} {...number} {...field('capacity')} />
            <Button
              variant="quiet"
              size="icon"
              className="max-sm:mb-3 max-sm:justify-self-end sm:mt-6.5"
              aria-label={text.removeType(type.name)}
              aria-disabled={types.length === 1}
              onClick={() => types.length > 1 && remove(i)}
            >
              <X aria-hidden />
            </Button>
          </div>
        )
      })}
      {types.length < MOST_TYPES && (
        <Button
          variant="outline"
          className="justify-self-start"
          onClick={() => setTypes(form, [...types, newType()])}
        >
          <Plus aria-hidden />
          {text.addType}
        </Button>
      )}
    </div>
  )
}

/** Warns that who has booked has paid the price of then. */
function SoldBefore({ event, form }: Props) {
  const { price, currency, types } = form.formState.dirtyFields
  const sold = event ? event.totalTickets - event.remainingTickets : 0
  const isPriceEdited = types?.some((type) => type?.price)
  return (
    <p role="status" className="text-sm font-medium text-warn">
      {event && sold > 0 && (price || currency || isPriceEdited) && (
        <span className="block rounded-md bg-warn-wash px-3.5 py-3">
          {form.getValues('types').length > 0
            ? text.newPrices
            : text.soldBefore(sold, formatPrice(event.price, event.currency))}
        </span>
      )}
    </p>
  )
}
