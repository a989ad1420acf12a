const RELOADED = 'boxoffice.reloaded'
let isReloading = false // other chunks of the page may be missing too

/**
 * Loads code that is needed now. After an update of the server, the files of this page's build are
 * gone. The page is then reloaded, once, and the returned promise stays pending, so that no error
 * is shown meanwhile. `beforeReload` can save data that would be lost. Rejects with the error of
 * `load` when the server can't be reached, or when the reload did not help.
 */
export async function loadCode<T>(load: () => Promise<T>, beforeReload?: () => void): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const isUp = isReloading || (await isServerReachable())
    if (!isReloading) {
      if (!isUp || !mayReload()) throw error
      beforeReload?.()
      isReloading = true
      location.reload()
    }
    return new Promise(() => undefined)
  }
}

/**
 * Whether an error means that a chunk could not be loaded, by the name that the bundler's runtime
 * gives it.
 */
export function isMissingCode(error: Error): boolean {
  return error.name === 'ChunkLoadError'
}

async function isServerReachable(): Promise<boolean> {
  try {
    return (await fetch(location.href, { method: 'HEAD', cache: 'no-store' })).ok
  } catch {
    return false
  }
}

/**
 * Records that this URL is reloaded because of this build; false when that was done before and did
 * not help.
 */
function mayReload(): boolean {
  try {
    const reloaded = JSON.parse(sessionStorage.getItem(RELOADED) ?? '[]') as string[]
    const now = `${process.env.BUILD_ID} ${location.pathname}`
    if (reloaded.includes(now)) return false
    sessionStorage.setItem(RELOADED, JSON.stringify([...reloaded, now]))
    return true
  } catch {
    return false // without storage nothing would stop a reload loop
  }
}
