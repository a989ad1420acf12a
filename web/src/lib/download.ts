import { useMutation } from '@tanstack/react-query'
import { requestFile } from './api/client'
import { messageOf } from './form-errors'
import { saveFile } from './save-file'
import { toast } from './toast'

const TIMEOUT = 30 * 60_000 // a large log takes long

/** Downloads a file of the API, by its path. */
export function useDownload(onError?: (error: Error) => void) {
  return useMutation({
    mutationFn: async (path: string) => {
      const { name, content } = await requestFile(path, { timeout: TIMEOUT })
      saveFile(name, content)
      return name
    },
    onSuccess: (name) => toast.success('Downloaded.', { description: name }),
    onError:
      onError ?? ((error) => toast.error('The file can’t be downloaded.', { description: messageOf(error) })),
  })
}
