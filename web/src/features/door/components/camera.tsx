'use client'

import { Flashlight } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { SelectField } from '@/components/ui/field'
import { Skeleton } from '@/components/ui/skeleton'
import { Repeats } from '../repeats'
import { newDetector } from '../scanner'
import { strings } from '../strings'

const text = strings.camera
const LOOK_EVERY = 120 // milliseconds: phones stay cool, and people do not wait

/** Reads codes with a camera until it is unmounted. */
export default function Camera({ onCode }: { onCode: (code: string) => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [chosen, choose] = useState<string>()
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([])
  const [track, setTrack] = useState<MediaStreamTrack>()
  const [failure, setFailure] = useState<string>()
  const report = useRef(onCode)
  useEffect(() => {
    report.current = onCode
  })

  useEffect(() => {
    let isOver = false
    let stream: MediaStream | undefined
    const element = video.current!
    const start = async () => {
      const detector = newDetector()
      detector.catch(() => undefined) // awaited below
      stream = await navigator.mediaDevices.getUserMedia({
        video: chosen ? { deviceId: { exact: chosen } } : { facingMode: 'environment' },
      })
      if (isOver) return stop(stream)
      element.srcObject = stream
      await element.play()
      setFailure(undefined)
      setTrack(stream.getVideoTracks()[0])
      setCameras(
        (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'videoinput'),
      )
      const look = await detector
      const repeats = new Repeats()
      while (!isOver) {
        for (const { rawValue } of await look.detect(element))
          if (repeats.isNew(rawValue, performance.now())) report.current(rawValue)
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
      }
    }
    start().catch((error: unknown) => {
      if (!isOver) setFailure(reasonOf(error))
    })
    return () => {
      isOver = true
      if (stream) stop(stream)
    }
  }, [chosen])

  return (
    <div className="grid gap-tight">
      {failure && <Alert>{failure}</Alert>}
      {!track && !failure && (
        <Skeleton className="aspect-video rounded-ticket">
          <span className="sr-only">{text.starting}</span>
        </Skeleton>
      )}
      <video
        ref={video}
        muted
        playsInline
        aria-label={text.video}
        hidden={!track || Boolean(failure)}
        className="max-h-[45dvh] w-full rounded-ticket bg-off-wash object-cover"
      />
      {track && <Torch key={track.id} track={track} />}
      {cameras.length > 1 && (
        <SelectField
          label={text.choose}
          value={chosen ?? track?.getSettings().deviceId}
          onChange={(e) => choose(e.target.value)}
        >
          {cameras.map(({ deviceId, label }, i) => (
            <option key={deviceId} value={deviceId}>
              {label || text.nth(i + 1)}
            </option>
          ))}
        </SelectField>
      )}
    </div>
  )
}

// The light of a phone; TypeScript does not know it.
type WithTorch = MediaTrackCapabilities & { torch?: boolean }

function Torch({ track }: { track: MediaStreamTrack }) {
  const [isOn, setOn] = useState(false)
  if (!(track.getCapabilities?.() as WithTorch | undefined)?.torch) return null
  const set = (torch: boolean) =>
    track.applyConstraints({ advanced: [{ torch } as MediaTrackConstraintSet] }).then(
      () => setOn(torch),
      () => undefined, // it stays as it is
    )
  return (
    <Button variant="outline" aria-pressed={isOn} onClick={() => void set(!isOn)}>
      <Flashlight aria-hidden />
      {text.torch}
    </Button>
  )
}

const stop = (stream: MediaStream) => stream.getTracks().forEach((track) => track.stop())

function reasonOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError') return text.refused
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? text.none : text.failed
}
