import { useWatch, type Control } from 'react-hook-form'
import { InputField, SelectField } from '@/components/ui/field'
import { toInstants } from '@/lib/local-time'
import type { EventFormValues } from '../form-schema'
import { form as text } from '../form-strings'

type Props = Omit<React.ComponentProps<typeof InputField>, 'type'>

/** A local time, and which of the two is meant where the clocks go back. */
export function TimeField({
  control,
  name,
  reading,
  ...props
}: Props & {
  control: Control<EventFormValues>
  name: 'local' | 'endLocal' | 'opensLocal' | 'closesLocal'
  reading: React.ComponentProps<'select'>
}) {
  const [local, timeZone] = useWatch({ control, name: [name, 'timeZone'] })
  const instants = toInstants(local, timeZone)
  return (
    <div>
      <InputField {...props} name={name} type="datetime-local" />
      {instants.length > 1 && (
        <SelectField label={text.which} hint={text.whichHint} {...reading}>
          {instants.map((instant, i) => (
            <option key={instant} value={i}>
              {text.readings[i]}
            </option>
          ))}
        </SelectField>
      )}
    </div>
  )
}
