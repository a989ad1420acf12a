import 'altcha/external' // without workers inside, which the Content-Security-Policy would refuse
import { API } from '@/lib/api/send'

/**
 * Has the browser solve a challenge, in workers and unseen. Returns what the header Proof-Of-Work
 * takes, or undefined when that failed.
 */
export async function solveChallenge(): Promise<string | undefined> {
  $altcha.algorithms.set('PBKDF2/SHA-256', () => new Worker(new URL('./worker.ts', import.meta.url)))
  const widget = document.createElement('altcha-widget')
  widget.hidden = true
  document.body.append(widget)
  try {
    await widget.configure({
      challenge: `${API}/proof-of-work/challenge`,
      display: 'invisible',
      minDuration: 0,
      humanInteractionSignature: false, // nobody's movements are recorded
    })
    return (await widget.verify())?.payload ?? undefined
  } finally {
    widget.remove()
  }
}
