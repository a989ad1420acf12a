'use client'

import { Check, Copy } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { InputField } from '@/components/ui/field'
import { copyFrom } from '@/lib/copy'
import { secret as text } from '../strings'

/** A secret, which is shown only now. */
export function Secret({ secret, onDone }: { secret: string; onDone: () => void }) {
  const [isCopied, setCopied] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const copy = () => setCopied(copyFrom(input.current))
  return (
    <div className="mt-4 grid gap-3">
      <InputField
        ref={input}
        label={text.label}
        value={secret}
        readOnly
        spellCheck={false}
        className="font-mono text-sm"
        onFocus={(event) => event.target.select()}
      />
      <div className="flex flex-wrap justify-end gap-2.5">
        <Button variant="outline" onClick={copy}>
          {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
          <span aria-live="polite">{isCopied ? text.copied : text.copy}</span>
        </Button>
        <Button onClick={onDone}>{text.done}</Button>
      </div>
    </div>
  )
}
