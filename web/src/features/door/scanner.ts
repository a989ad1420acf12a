import { BarcodeDetector as Ponyfill, prepareZXingModule } from 'barcode-detector/ponyfill'

/** The part of BarcodeDetector that is used here. */
export interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>
}
type DetectorClass = {
  new (options: { formats: ['qr_code'] }): Detector
  getSupportedFormats(): Promise<string[]>
}

/** The browser's own detector, or that of zxing in WebAssembly, which is served with the pages. */
export async function newDetector(): Promise<Detector> {
  const own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  const isEnough = await own?.getSupportedFormats().then(
    (formats) => formats.includes('qr_code'),
    () => false,
  )
  if (own && isEnough) return new own({ formats: ['qr_code'] })
  const wasm = new URL('zxing-wasm/reader/zxing_reader.wasm', import.meta.url).href
  prepareZXingModule({ overrides: { locateFile: () => wasm } })
  return new Ponyfill({ formats: ['qr_code'] })
}
