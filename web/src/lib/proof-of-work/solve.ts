import 'altcha/external' // without workers inside, which the Content-Security-Policy would refuse
import { API } from '@/lib/api/send'

// Nobody waits longer than needed, and nobody's movements are recorded.
const CONFIGURATION = JSON.stringify({ minDuration: 0, humanInteractionSignature: false })

/**
 * Has the browser solve a challenge, in workers and unseen. Returns what the header Proof-Of-Work
 * takes, or undefined when that failed.
 */
export async function solveChallenge(): Promise<string | undefined> {
  $altcha.algorithms.set('PBKDF2/SHA-256', () => new Worker(new URL('./worker.ts', import.meta.url)))
  const widget = document.createElement('altcha-widget')
  widget.hidden = true
  widget.setAttribute('challenge', `${API}/proof-of-work/challenge`)
  widget.setAttribute('display', 'invisible')
  widget.setAttribute('configuration', CONFIGURATION)
  const loaded = new Promise((resolve) => widget.addEventListener('load', resolve, { once: true }))
  document.body.append(widget)
  try {
    await loaded // its methods are there then
    return (await widget.verify())?.payload ?? undefined
  } finally {
    widget.remove()
  }
}
