'use client'

import { useEffect, useRef, useState, type SyntheticEvent } from 'react'
import { Button } from '@/components/ui/button'
import { InputField } from '@/components/ui/field'
import { strings } from '../strings'

const text = strings.form

/** Hardware scanners type a code and press Enter, wherever the focus is on the page. */
export function CodeForm({ onCode, pending }: { onCode: (code: string) => void; pending: boolean }) {
  const field = useRef<HTMLInputElement>(null)
  const [error, setError] = useState<string>()
  useEffect(() => {
    const collect = (e: KeyboardEvent) => {
      if (e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey && isFree(e.target))
        field.current?.focus()
    }
    addEventListener('keydown', collect)
    return () => removeEventListener('keydown', collect)
  }, [])
  const submit = (e: SyntheticEvent) => {
    e.preventDefault()
    const input = field.current!
    const code = input.value.trim()
    setError(code ? undefined : text.empty)
    input.value = '' // the next scanner types at once
    if (code) onCode(code)
  }
  return (
    <form onSubmit={submit} noValidate className="grid grid-cols-[1fr_auto] items-end gap-tight">
      <InputField
        ref={field}
        label={text.label}
        hint={text.hint}
        error={error}
        name="code"
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
      />
      <Button type="submit" className="mb-6.5 max-[22rem]:px-3">
        {pending ? text.checking : text.submit}
      </Button>
    </form>
  )
}

/** Nothing that takes letters itself. */
const isFree = (target: EventTarget | null) =>
  !(target instanceof Element && target.closest('input, select, textarea, [role=dialog]'))
