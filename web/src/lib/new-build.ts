import { keepForms } from './kept-values'

const RELOADED = 'boxoffice.reloaded'

/** Whether an error means that a chunk could not be loaded, by the name that the bundler gives it. */
export function isMissingCode(error: unknown): boolean {
  return error instanceof Error && error.name === 'ChunkLoadError'
}

/**
 * After an update of the server, the files of this page's build are gone: loads the page in full, and
 * keeps what was typed. Returns false when the server can't be reached, or when this URL was loaded
 * before for the same build and that did not help.
 */
export async function loadNewBuild(): Promise<boolean> {
  if (!(await isServerReachable()) || !mayReload()) return false
  keepForms()
  location.reload()
  return true
}

async function isServerReachable(): Promise<boolean> {
  try {
    return (await fetch(location.href, { method: 'HEAD', cache: 'no-store' })).ok
  } catch {
    return false
  }
}

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
