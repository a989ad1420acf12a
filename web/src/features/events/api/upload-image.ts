import { api, read } from '@/lib/api/client'
import { number, object, string } from 'valibot'
const StoredImage = object({ id: string(), url: string(), width: number(), height: number() })

export const MOST_BYTES = 8 << 20
export const imageTypes = ['image/jpeg', 'image/png', 'image/webp']

export async function uploadImage(file: File) {
  const headers = { 'Content-Type': file.type }
  const upload = api.POST('/images', { headers, body: file as never, bodySerializer: () => file })
  return (await read(StoredImage, upload)).data
}
