import { useId, type ReactNode } from 'react'
import { controlClass } from '@/components/ui/control'
import { Select } from '@/components/ui/select'
import { currencies } from '@/lib/format'
import type { Change, EventQuery } from '../event-query'
import { categories, filters as text } from '../strings'

/** The choices that narrow the list down. */
export function EventFilters({ query, onChange }: { query: EventQuery; onChange: Change }) {
  const filter = (part: Partial<EventQuery>) => onChange({ ...part, page: 1 })
  return (
    <>
      <Labelled label={text.when}>
        {(id) => (
          <Choice id={id} value={query.when} options={text.whens} onChoose={(when) => filter({ when })} />
        )}
      </Labelled>
      {query.when === 'dates' &&
        (['from', 'to'] as const).map((end) => (
          <Labelled key={end} label={text[end]}>
            {(id) => (
              <input
                id={id}
                type="date"
                className={controlClass}
                value={query[end] ?? ''}
                min={(end === 'to' && query.from) || undefined}
                onChange={(e) => filter({ [end]: e.target.value || null })}
              />
            )}
          </Labelled>
        ))}
      <Labelled label={text.category}>
        {(id) => (
          <Choice
            id={id}
            value={query.category ?? ''}
            options={{ '': text.anyCategory, ...categories }}
            onChoose={(category) => filter({ category: category || null })}
          />
        )}
      </Labelled>
      <Labelled label={text.price}>
        {(id) => (
          <Choice id={id} value={query.price} options={text.prices} onChoose={(price) => filter({ price })} />
        )}
      </Labelled>
      {query.price === 'most' && (
        <>
          <Labelled label={text.most}>
            {(id) => (
              <input
                id={id}
                inputMode="numeric"
                autoComplete="off"
                maxLength={9}
                className={controlClass}
                value={query.most ?? ''}
                onChange={(e) => {
                  const digits = e.target.value.replace(/\D/g, '')
                  filter({ most: digits ? Number(digits) : null })
                }}
              />
            )}
          </Labelled>
          <Labelled label={text.currency}>
            {(id) => (
              <Choice
                id={id}
                value={query.currency}
                options={Object.fromEntries(currencies.map((code) => [code, code]))}
                onChoose={(currency) => filter({ currency })}
              />
            )}
          </Labelled>
        </>
      )}
      <label className="flex min-h-11 items-center gap-2.5 self-end text-[0.9375rem] font-medium">
        <input
          type="checkbox"
          className="size-5 accent-stamp"
          checked={query.available}
          onChange={(e) => filter({ available: e.target.checked })}
        />
        {text.available}
      </label>
    </>
  )
}

function Labelled({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId()
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      {children(id)}
    </div>
  )
}

function Choice<T extends string>({
  id,
  value,
  options,
  onChoose,
}: {
  id: string
  value: T
  options: Readonly<Record<T, string>>
  onChoose: (value: T) => void
}) {
  return (
    <Select id={id} value={value} onChange={(e) => onChoose(e.target.value as T)}>
      {Object.entries<string>(options).map(([option, name]) => (
        <option key={option} value={option}>
          {name}
        </option>
      ))}
    </Select>
  )
}
