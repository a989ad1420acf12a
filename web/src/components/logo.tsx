/** A ticket with its stub, drawn in one stroke. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 32 32" className={className}>
      <path
        fill="currentColor"
        d="M4 7.5A1.5 1.5 0 0 1 5.5 6h5.2a2.3 2.3 0 0 0 4.6 0h11.2A1.5 1.5 0 0 1 28 7.5v17a1.5 1.5 0 0 1-1.5 1.5H15.3a2.3 2.3 0 0 0-4.6 0H5.5A1.5 1.5 0 0 1 4 24.500Z"
      />
      <path
        d="M13 10v12"
        stroke="var(--card)"
        strokeWidth="1.6"
        strokeDasharray="1.6 2.4"
        strokeLinecap="round"
      />
      <path
        d="M17.500 12.500h6.500M17.500 16h6.500M17.500 19.500h4"
        stroke="var(--card)"
        strokeWidth="1.8"
        strokeLinecap="round"
      />
    </svg>
  )
}
