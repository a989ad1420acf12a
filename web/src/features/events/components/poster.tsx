import type { ReactNode } from 'react'
import type { Category } from '../strings'

// Ground, shapes, accent, light.
const palettes = [
  ['#16214d', '#3652c9', '#ff8f6b', '#ffe3c7'],
  ['#3a1745', '#8a3fa0', '#f5a3c7', '#ffe6ef'],
  ['#0d3b46', '#1f8a94', '#f4c95d', '#f7f0d8'],
  ['#5b1f1a', '#c5533d', '#f3b184', '#fdeedd'],
  ['#12372a', '#3d8b5f', '#d7e26b', '#f3f7df'],
  ['#241a5e', '#6a4de0', '#6fe0d0', '#eaf8f5'],
  ['#23303d', '#5c7a91', '#e8b04a', '#f6edda'],
  ['#4a0f2e', '#c22f63', '#ffb58a', '#ffe9dc'],
] as const

const WIDTH = 320
const HEIGHT = 180

/** The next random number: at least `from`, below `to`. */
type Random = (from: number, to: number) => number
/** Draws on a ground of 320 by 180, in three colours. */
type Pattern = (random: Random, colours: readonly [string, string, string]) => ReactNode

const each = (count: number, draw: (i: number) => ReactNode) =>
  Array.from({ length: count }, (_, i) => draw(i))

const rings: Pattern = (random, [shape, accent, light]) => {
  const [x, y, wide] = [random(60, 260), random(50, 200), random(13, 19)]
  return each(9, (i) => (
    <circle
      key={i}
      cx={x}
      cy={y}
      r={12 + i * wide}
      fill={i === 0 ? light : 'none'}
      stroke={i === 3 ? accent : shape}
      strokeWidth={i === 0 ? 0 : wide * 0.55}
    />
  ))
}

const curtain: Pattern = (random, [shape, accent, light]) => {
  const wide = random(26, 38)
  return each(13, (i) => (
    <g key={i}>
      <path d={`M${i * wide} 0h${wide / 2}q${random(-14, 14)} 90 0 180h${-wide / 2}z`} fill={shape} />
      <circle cx={i * wide} cy={0} r={wide / 1.8} fill={i % 3 ? accent : light} />
    </g>
  ))
}

const smiles: Pattern = (random, [shape, accent, light]) => {
  const odd = Math.floor(random(9, 23))
  return each(32, (i) => (
    <path
      key={i}
      d="M-16 0a16 16 0 0 0 32 0z"
      fill={i === odd ? light : (i + odd) % 5 ? shape : accent}
      transform={`translate(${20 + (i % 8) * 40} ${22 + Math.floor(i / 8) * 45}) rotate(${i === odd ? 0 : Math.floor(random(0, 4)) * 90})`}
    />
  ))
}

const beams: Pattern = (random, [shape, accent, light]) => {
  const [x, first] = [random(30, 290), Math.floor(random(0, 6))]
  return (
    <>
      {each(6, (i) => (
        <path
          key={i}
          d={`M${x} 24L${i * 64 - 32} 180h44z`}
          fill={i === first ? accent : shape}
          opacity={i === first ? 1 : 0.75}
        />
      ))}
      {each(20, (i) => (
        <path key={i} d={`M${4 + i * 16} 6h8v8h-8z`} fill={light} />
      ))}
    </>
  )
}

const lanes: Pattern = (random, [shape, accent, light]) => {
  const marked = Math.floor(random(2, 6))
  return (
    <>
      {each(8, (i) => (
        <path
          key={i}
          d={`M${i * 56 - 90} 180L${i * 56} 0h${random(12, 30)}l-90 180z`}
          fill={i === marked ? accent : shape}
        />
      ))}
      <circle cx={random(60, 260)} cy={random(50, 130)} r="22" fill={light} />
    </>
  )
}

const bubbles: Pattern = (random, [shape, accent, light]) => {
  const [x, y] = [random(30, 70), random(24, 50)]
  return (
    <>
      <path d={`M${x} ${y}h130a18 18 0 0 1 18 18v36a18 18 0 0 1-18 18h-96l-34 30v-102z`} fill={shape} />
      <path d={`M${x + 220} ${y + 44}h-96a18 18 0 0 0-18 18v22a18 18 0 0 0 18 18h66l30 28z`} fill={accent} />
      {each(3, (i) => (
        <circle key={i} cx={x + 50 + i * 26} cy={y + 36} r="7" fill={light} />
      ))}
    </>
  )
}

const tiles: Pattern = (random, colours) =>
  each(40, (i) => (
    <path
      key={i}
      d={random(0, 1) < 0.6 ? 'M-20-20a40 40 0 0 1 40 40h-40z' : 'M-20-20h40l-40 40z'}
      fill={colours[random(0, 1) < 0.7 ? 0 : random(0, 1) < 0.6 ? 1 : 2]}
      transform={`translate(${20 + (i % 8) * 40} ${10 + Math.floor(i / 8) * 40}) rotate(${Math.floor(random(0, 4)) * 90})`}
    />
  ))

const bunting: Pattern = (random, colours) =>
  each(3, (row) => {
    const [top, wide] = [12 + row * 56, random(24, 36)]
    return (
      <g key={row} transform={`rotate(${random(-5, 5)} 160 ${top})`}>
        <path d={`M-20 ${top}h360`} stroke={colours[2]} strokeWidth="2" />
        {each(15, (i) => (
          <path
            key={i}
            d={`M${i * wide - 20} ${top}h${wide * 0.8}l${wide * -0.4} ${wide * 1.1}z`}
            fill={colours[(i + row) % 3]}
          />
        ))}
      </g>
    )
  })

const balloons: Pattern = (random, colours) =>
  each(6, (i) => {
    const [x, y, r] = [20 + i * 56 + random(-12, 12), random(34, 104), random(20, 34)]
    return (
      <g key={i} opacity="0.92">
        <path d={`M${x} ${y}q${random(-20, 20)} 70 ${random(-8, 8)} 150`} stroke={colours[2]} fill="none" />
        <ellipse cx={x} cy={y} rx={r * 0.86} ry={r} fill={colours[i % 3]} />
      </g>
    )
  })

const waves: Pattern = (random, [shape, accent, light]) => (
  <>
    <circle cx={random(50, 270)} cy={random(40, 70)} r="26" fill={light} />
    {each(4, (i) => {
      const [y, up] = [78 + i * 28, random(14, 34)]
      return (
        <path
          key={i}
          d={`M-10 ${y}q85 ${-up} 170 0t170 0v180h-340z`}
          fill={i === 1 ? accent : shape}
          opacity={i === 1 ? 1 : 0.55 + i * 0.15}
        />
      )
    })}
  </>
)

const patterns: Record<Category, Pattern> = {
  music: rings,
  theatre: curtain,
  comedy: smiles,
  film: beams,
  sport: lanes,
  talk: bubbles,
  workshop: tiles,
  festival: bunting,
  family: balloons,
  other: waves,
}

/** Random numbers that are the same for the same id: mulberry32. */
function randomOf(id: string): Random {
  let seed = [...id].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5)
  return (from, to) => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    const value = from + (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (to - from)
    return Math.floor(value * 100) / 100 // rounded up it could be `to`, which is no index
  }
}

/** A picture for an event without one: its category chooses what is drawn, its id how. */
export function Poster({ id, category }: { id: string; category: string }) {
  const random = randomOf(id)
  const [ground, ...colours] = palettes[Math.floor(random(0, palettes.length))]!
  const all = Object.values(patterns)
  const draw = patterns[category as Category] ?? all[Math.floor(random(0, all.length))]!
  return (
    <svg
      aria-hidden
      data-slot="poster"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="xMidYMid slice"
      className="size-full"
      style={{ background: ground }}
    >
      {draw(random, colours)}
    </svg>
  )
}
