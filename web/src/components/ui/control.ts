/** The common style of inputs, selects and text areas. */
export const controlClass =
  'block w-full min-h-11 rounded-md border border-control bg-card px-3 py-2 text-base text-ink placeholder:text-soft aria-invalid:border-bad aria-invalid:outline-bad disabled:text-off'
