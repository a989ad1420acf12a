// The words around every page. Every page loads them first: those of forms are in guests.ts.

export const header = {
  home: 'Boxoffice',
  navigation: 'Main',
  events: 'Events',
  bookings: 'My bookings',
  desk: 'Desk',
  audit: 'Audit',
  accountOf: (name: string) => `Account of ${name}`,
  account: 'Account settings',
  signOut: 'Sign out',
  roles: { customer: '', organizer: 'Organizer', auditor: 'Auditor', admin: 'Administrator' },
}

export const guard = {
  unreachable: 'The box office can’t be reached',
  stillSignedIn: 'Check your connection and try again. You won’t be signed out.',
  tryAgain: 'Try again',
  pageFor: { organizer: 'This page is for organizers', auditor: 'This page is for auditors' },
  noAccess: 'Your account doesn’t have access. If you have another one, sign out and sign in with that.',
  browse: 'Browse events',
}

/** While the server has not been told of a sign-out. */
export const signedOut = {
  title: 'You are signed out on this device',
  body: 'We couldn’t reach the box office, so your session hasn’t ended there yet. It will as soon as this browser is back online.',
}
