import { BarcodeDetector as Ponyfill, prepareZXingModule } from 'barcode-detector/ponyfill'
import { DOOR_CACHE } from '@/lib/kept-door'

/** The part of BarcodeDetector that is used here. */
export interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>
}
type DetectorClass = {
  new (options: { formats: ['qr_code'] }): Detector
  getSupportedFormats(): Promise<string[]>
}

/** zxing. A bundler finds it by this expression only. */
export const wasm = new URL('zxing-wasm/reader/zxing_reader.wasm', import.meta.url)

/** The browser's own detector, or that of zxing in WebAssembly, which is served with the pages. */
export async function newDetector(): Promise<Detector> {
  const own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  const isEnough = await own?.getSupportedFormats().then(
    (formats) => formats.includes('qr_code'),
    () => false,
  )
  if (own && isEnough) return new own({ formats: ['qr_code'] })
  await keepScanner().catch(() => undefined) // it is fetched anew
  prepareZXingModule({ overrides: { locateFile: () => wasm.href } })
  return new Ponyfill({ formats: ['qr_code'] })
}

/** It is large, and so kept for use without a network once a camera needs it. */
async function keepScanner(): Promise<void> {
  if (typeof caches === 'undefined') return
  const cache = await caches.open(DOOR_CACHE)
  if (!(await cache.match(wasm.pathname))) await cache.add(wasm.pathname)
}
