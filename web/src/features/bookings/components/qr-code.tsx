import { renderSVG } from 'uqr'

/** Black on white in both themes, with a quiet zone of four modules, for scanners. */
export function QrCode({ value, label }: { value: string; label: string }) {
  const svg = renderSVG(value, { ecc: 'M', border: 4 })
  return (
    // eslint-disable-next-line @next/next/no-img-element -- a picture of the page itself
    <img alt={label} src={`data:image/svg+xml,${encodeURIComponent(svg)}`} className="w-full rounded-md" />
  )
}
