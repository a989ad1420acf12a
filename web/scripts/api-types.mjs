// Generates from the OpenAPI document that `boxoffice openapi` prints: src/lib/api/schema.d.ts, the types of the
// API, and schemas*.ts beside it, which validate its answers. With --check, fails when one is out of date.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTypes, { astToString } from 'openapi-typescript'

const root = new URL('../../', import.meta.url).pathname

const document = JSON.parse(
  process.env.BOXOFFICE
    ? execFileSync(process.env.BOXOFFICE, ['openapi'])
    : execFileSync('go', ['run', './cmd/boxoffice', 'openapi'], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
)
const { schemas } = document.components

// The answers that the pages read, in files of which no page loads what it does not need.
const answers = {
  'schemas-session.ts': ['Session', 'SessionsOutputBody', 'Problem'],
  'schemas-keys.ts': ['KeysOutputBody', 'NewAPIKey'],
  'schemas-audit.ts': [
    'StreamList',
    'StreamPage',
    'StreamSeries',
    'StreamFairness',
    'Verification',
    'VerificationList',
  ],
  'schemas-desk.ts': ['DeskEventList', 'DeskEvent', 'SalesList'],
  'schemas-door.ts': ['DoorList', 'CheckedTicket', 'DeskEvent', 'TicketKeys', 'Problem'],
  'schemas-calendar.ts': ['CalendarFeedList'],
  'schemas-holds.ts': ['HoldList', 'WaitlistEntry', 'WaitlistEntries'],
  'schemas-guests.ts': ['AttendeeList', 'CheckedTicket', 'Message', 'MessageList'],
  'schemas-webhooks.ts': ['WebhookList', 'WebhookWithSecret', 'DeliveryList'],
  'schemas.ts': ['Event', 'EventPage', 'UploadedImage', 'BookingList', 'BookingChange'],
}

const used = new Map()
const imports = new Set()
const call = (name, inside = '') => (imports.add(name), `${name}(${inside})`)
const nameOf = (ref) => ref.split('/').at(-1)

/** A schema of valibot for a JSON schema. */
function validator({ $ref, type, enum: values, items, properties, additionalProperties, required = [] }) {
  if ($ref) return (define(nameOf($ref)), nameOf($ref))
  if (values) return call('picklist', JSON.stringify(values))
  if (Array.isArray(type))
    return call(
      'nullable',
      validator({ type: type.find((t) => t !== 'null'), items, properties, additionalProperties, required }),
    )
  if (type === 'array') return call('array', validator(items))
  if (type === 'integer' || type === 'number') return call('number')
  if (type === 'string' || type === 'boolean') return call(type)
  if (!properties) return call('record', `${call('string')}, ${call('unknown')}`)
  const fields = Object.entries(properties).map(([name, schema]) => {
    const value = validator(schema)
    return `  ${name}: ${required.includes(name) ? value : call('optional', value)},`
  })
  return call('object', `{\n${fields.join('\n')}\n}`)
}

function define(name) {
  if (used.has(name)) return
  used.set(name, '') // before the schemas that it uses, so that none is visited twice
  const code = validator(schemas[name])
  used.delete(name) // after them: a constant must be defined before it is used
  used.set(name, `export const ${name}: GenericSchema<Schemas['${name}']> = ${code}`)
}

const notice =
  '// Generated from the description of the API by `npm run generate`. Not to be changed by hand.\n\n'
const files = { 'schema.d.ts': notice + astToString(await openapiTypes(document)) }
for (const [file, names] of Object.entries(answers)) {
  used.clear()
  imports.clear()
  names.forEach(define)
  files[file] = `${notice}import { ${[...imports].sort().join(', ')}, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

${[...used.values()].join('\n\n')}
`
}

for (const [name, content] of Object.entries(files)) {
  const file = new URL(`../src/lib/api/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) writeFileSync(file, content)
  else if (readFileSync(file, 'utf8') !== content) {
    process.stderr.write(`src/lib/api/${name} is not up to date with the API: npm run generate\n`)
    process.exitCode = 1
  }
}
