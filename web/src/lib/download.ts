import { useMutation } from '@tanstack/react-query'
import { toast } from '@/lib/toast'
import { requestFile } from './api/client'
import type { Watch } from './api/send'
import { messageOf } from './form-errors'
import { saveFile } from './save-file'
import { strings } from './strings'

const TIMEOUT = 30 * 60_000 // milliseconds; a large log takes long

/** Downloads a file of the API, by its path. */
export function useDownload(onError?: (error: Error) => void, watch?: Watch) {
  return useMutation({
    mutationFn: async (path: string) => {
      const file = await requestFile(path, TIMEOUT, watch)
      saveFile(file)
      return file.name
    },
    onSuccess: (name) => toast.success(strings.download.done, { description: name }),
    onError: onError ?? ((error) => toast.error(strings.download.failed, { description: messageOf(error) })),
  })
}
