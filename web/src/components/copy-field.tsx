'use client'

import { Check, Copy } from 'lucide-react'
import { useRef, useState, type ReactNode } from 'react'
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
  const copy = () => {
    input.current?.select()
    // The clipboard's own API is missing where pages are served over plain http.
    setCopied(document.execCommand('copy'))
  }
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
