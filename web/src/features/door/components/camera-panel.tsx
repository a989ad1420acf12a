'use client'

import { Camera as CameraIcon, CameraOff } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { strings } from '../strings'

// With zxing, which only the camera needs.
const Camera = dynamic(() => import('./camera'), {
  ssr: false,
  loading: () => <Skeleton className="aspect-video rounded-ticket" />,
})

/** Cameras exist in secure contexts only: over plain http it says so. */
export function CameraPanel({ onCode }: { onCode: (code: string) => void }) {
  const [isOn, setOn] = useState(false)
  // TypeScript does not know that it is missing over plain http.
  if (!navigator.mediaDevices) return <p className="text-sm text-soft">{strings.camera.insecure}</p>
  const Icon = isOn ? CameraOff : CameraIcon
  return (
    <div className="grid gap-tight">
      {isOn && <Camera onCode={onCode} />}
      <Button variant="outline" onClick={() => setOn(!isOn)}>
        <Icon aria-hidden />
        {isOn ? strings.camera.stop : strings.camera.start}
      </Button>
    </div>
  )
}
