/**
 * Copies the text of a field, and tells whether that worked. The clipboard's own API is missing where
 * pages are served over plain http.
 */
export function copyFrom(field: HTMLInputElement | HTMLTextAreaElement | null): boolean {
  field?.focus()
  field?.select()
  return document.execCommand('copy')
}
