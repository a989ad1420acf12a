import { Minus, Plus } from 'lucide-react'
import { Button } from '@/components/ui/button'
import { controlClass } from '@/components/ui/control'
import { choose as text } from '../strings'

/** A whole number from 0 to `most`, by buttons or typed. */
export function Stepper({
  name,
  value,
  most,
  onChange,
}: {
  name: string
  value: number
  most: number
  onChange: (value: number) => void
}) {
  const step = (by: number) => {
    const next = value + by
    if (next >= 0 && next <= most) onChange(next)
  }
  return (
    <div className="flex items-center gap-1">
      <Button
        variant="outline"
        size="icon"
        aria-label={text.less(name)}
        aria-disabled={value <= 0} // not "disabled", which would lose the focus
        onClick={() => step(-1)}
      >
        <Minus aria-hidden />
      </Button>
      <input
        inputMode="numeric"
        autoComplete="off"
        aria-label={text.count(name)}
        value={value}
        onChange={({ target }) => onChange(Math.min(most, Number(target.value.replace(/\D/g, ''))))}
        onKeyDown={({ key }) => {
          if (key === 'ArrowUp') step(1)
          if (key === 'ArrowDown') step(-1)
        }}
        className={`${controlClass} w-12! px-1! text-center font-semibold`}
      />
      <Button
        variant="outline"
        size="icon"
        aria-label={text.more(name)}
        aria-disabled={value >= most}
        onClick={() => step(1)}
      >
        <Plus aria-hidden />
      </Button>
    </div>
  )
}
