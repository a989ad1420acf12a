let context: AudioContext | undefined

/** One high note for yes, two low ones for no; and a short or a long vibration. Browsers allow it after a first touch. */
export function signal(isGood: boolean, withSound: boolean): void {
  navigator.vibrate?.(isGood ? 80 : [160, 80, 160])
  if (!withSound || typeof AudioContext === 'undefined') return
  try {
    context ??= new AudioContext()
    void context.resume().catch(() => undefined)
    if (isGood) play(context, 1_046, 0, 0.15)
    else for (const start of [0, 0.22]) play(context, 196, start, 0.16)
  } catch {
    // There is no sound device.
  }
}

/** The frequency is in hertz; times are in seconds. */
function play(on: AudioContext, frequency: number, start: number, length: number): void {
  const note = on.createOscillator()
  const volume = on.createGain()
  const at = on.currentTime + start
  note.frequency.value = frequency
  note.type = frequency < 500 ? 'square' : 'sine'
  volume.gain.setValueAtTime(0.25, at)
  volume.gain.exponentialRampToValueAtTime(0.001, at + length) // without a click
  note.connect(volume).connect(on.destination)
  note.start(at)
  note.stop(at + length)
}
