// The words about API keys on the account page.

export const keys = {
  title: 'API keys',
  about: 'For programs that act for you. They keep working when you change your password.',
  failed: 'Your API keys couldn’t be loaded',
  none: 'You have no API keys.',
  made: 'Created',
  expires: 'Expires',
  expired: 'Expired',
  neverExpires: 'Never expires',
  lastUsed: 'Last used',
  neverUsed: 'Never used',
  revoke: 'Revoke',
  revokeTitle: (name: string) => `Revoke ${name}?`,
  revokeAbout: 'Programs that use this key stop working within a second. This can’t be undone.',
  keep: 'Keep key',
  confirm: 'Revoke key',
  revoking: 'Revoking…',
  revoked: (name: string) => `${name} is revoked.`,
  notRevoked: 'The key wasn’t revoked.',

  create: 'Create API key…',
  createTitle: 'Create an API key',
  createAbout: 'It lets a program act as you, within what you choose here.',
  name: 'Name',
  nameHint: 'What will use it, such as “Ticket printer”.',
  noName: 'Enter a name for the key.',
  longName: 'Use at most 100 characters.',
  scopes: 'What the key can do',
  noScopes: 'Choose at least one.',
  expiry: 'Expires after',
  tooMany: 'You have 20 API keys already. Revoke one first.',
  submit: 'Create key',
  submitting: 'Creating…',

  newTitle: 'Copy your new key',
  newAbout: 'You won’t see it again. Keep it as safe as a password.',
  key: 'API key',
  copy: 'Copy',
  copied: 'Copied',
  done: 'Done',
}

export const scopes = {
  read: { name: 'Read', about: 'See events and your own bookings' },
  book: { name: 'Book', about: 'Book and cancel your tickets' },
  manage: { name: 'Manage', about: 'Change your events, and see who attends them' },
  check_in: { name: 'Check in', about: 'Check tickets in at the door' },
  audit: { name: 'Audit', about: 'Read and verify the history' },
}

export const lifetimes = { 30: '30 days', 90: '90 days', 365: '1 year', never: 'Never' }
