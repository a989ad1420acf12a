'use client'

import { Check, Copy } from 'lucide-react'
import { useRef, useState, type ReactNode } from 'react'
import { copyFrom } from '@/lib/copy'
import { Button } from './ui/button'
import { InputField } from './ui/field'

/** A text to take away, which is not shown again, and what ends the dialog. */
export function CopyField({
  label,
  text,
  words,
  children,
}: {
  label: string
  text: string
  words: { copy: string; copied: string }
  children: ReactNode
}) {
  const input = useRef<HTMLInputElement>(null)
  const [isCopied, setCopied] = useState(false)
  const copy = () => setCopied(copyFrom(input.current))
  const Icon = isCopied ? Check : Copy
  return (
    <div className="mt-4 grid gap-2">
      <InputField
        ref={input}
        label={label}
        readOnly
        autoFocus
        spellCheck={false}
        value={text}
        className="font-mono text-sm"
        onFocus={(e) => e.target.select()}
      />
      <div className="grid gap-2.5 sm:grid-cols-2">
        <Button onClick={copy}>
          <Icon aria-hidden />
          <span aria-live="polite">{isCopied ? words.copied : words.copy}</span>
        </Button>
        {children}
      </div>
    </div>
  )
}
