import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('../../', import.meta.url).pathname

/**
 * Starts the real program on free ports, with its own PostgreSQL in a directory that is removed
 * afterwards.
 */
export default async function start(): Promise<() => Promise<void>> {
  if (!existsSync(new URL('../dist/index.html', import.meta.url)))
    throw new Error('the UI is not built: npm run build')
  const dir = mkdtempSync(join(tmpdir(), 'boxoffice-e2e-'))
  process.env.BOXOFFICE_DATA_DIR = join(dir, 'data')
  let program = process.env.BOXOFFICE
  if (!program) {
    program = join(dir, 'boxoffice')
    execFileSync('go', ['build', '-o', program, './cmd/boxoffice'], { cwd: root, stdio: 'inherit' })
  }
  process.env.BOXOFFICE_PROGRAM = program
  const log = (process.env.BOXOFFICE_LOG = join(dir, 'log'))
  const server = spawn(program, ['serve'], {
    cwd: dir, // without a .env
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: tmpdir(),
      NODE_ENV: 'production',
      DATA_DIR: process.env.BOXOFFICE_DATA_DIR,
      API_PORT: '0',
      WEB_PORT: '0',
      BOOKING_DELAY: '250ms',
      RATE_LIMITS: 'off',
      WEBHOOK_ALLOW_PRIVATE: 'true', // the receiver is a test
      LOG_LEVEL: 'info', // the links of e-mails are there: see letter
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let errors = ''
  server.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
    appendFileSync(log, data)
  })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the program did not get ready:\n${printed}\n${errors}`)),
      60_000,
    )
    server.once('exit', () => reject(new Error(`the program ended:\n${printed}\n${errors}`)))
    server.stdout.on('data', (data: Buffer) => {
      printed += data.toString()
      const web = /Web +(http\S+)/.exec(printed)?.[1]
      const api = /API +(http\S+)/.exec(printed)?.[1]
      if (!web || !api) return
      process.env.WEB_URL = web
      process.env.API_URL = api
      clearTimeout(timer)
      resolve()
    })
  })
  return async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
    // Run by root, PostgreSQL keeps its data elsewhere.
    const location = join(dir, 'data', 'postgres.location')
    if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true })
    rmSync(dir, { recursive: true, force: true })
    const logged = errors.split('\n').filter((line) => line.includes('"level":"ERROR"') && !isStall(line))
    if (logged.length > 0) throw new Error(`the program has logged errors:\n${logged.join('\n')}`)
  }
}

/** A machine that stands still for seconds is no defect of the program, which recovers. */
export const isStall = (line: string) => line.includes('"msg":"the database does not answer"')
