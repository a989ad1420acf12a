const RELOADED = 'boxoffice.reloaded'
let isReloading = false // other code of the page may be missing too

/**
 * Loads code that is needed now. After an update of the server the files of the build that this
 * page came from are gone; then the page is loaded anew, once, and what this gives never settles,
 * so that nothing is shown as failed meanwhile. `beforeReload` may keep what would be lost. Rejects
 * as `load` did when the server can't be reached, or when that load has not helped.
 */
export async function loadCode<T>(load: () => Promise<T>, beforeReload?: () => void): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const isThere = isReloading || (await isServerThere())
    if (!isReloading) {
      if (!isThere || !mayReload()) throw error
      beforeReload?.()
      isReloading = true
      location.reload()
    }
    return new Promise(() => undefined)
  }
}

/**
 * Whether an error says that a file of code could not be loaded; by the name that the bundler's
 * runtime gives it.
 */
export function isMissingCode(error: Error): boolean {
  return error.name === 'ChunkLoadError'
}

async function isServerThere(): Promise<boolean> {
  try {
    return (await fetch(location.href, { method: 'HEAD', cache: 'no-store' })).ok
  } catch {
    return false
  }
}

/**
 * Notes that this address is loaded anew because of this build; false when that was done before,
 * and has not helped.
 */
function mayReload(): boolean {
  try {
    const reloaded = JSON.parse(sessionStorage.getItem(RELOADED) ?? '[]') as string[]
    const now = `${process.env.BUILD_ID} ${location.pathname}`
    if (reloaded.includes(now)) return false
    sessionStorage.setItem(RELOADED, JSON.stringify([...reloaded, now]))
    return true
  } catch {
    return false // without storage nothing would stop a loop
  }
}
