// The words of the account page, and of the pages for forgotten passwords and links in e-mails.

export const account = {
  title: 'Account settings',
  failed: 'Your account couldn’t be loaded',
  passwordLabel: 'Password',
  wrongPassword: 'That’s not your password.',
}

export const profile = {
  title: 'Profile',
  about: 'Your name, and where we can reach you.',
  name: 'Name',
  email: 'E-mail',
  verified: 'Verified',
  notVerified: 'Not verified',
  resend: 'Send verification link',
  sent: (email: string) => `We’ve sent a link to ${email}. Open it within 30 minutes to verify the address.`,
  change: 'Change e-mail',
  newEmail: 'New e-mail',
  same: 'That’s already your address.',
  submit: 'Send confirmation link',
  submitting: 'Sending…',
  changeSent: (email: string) =>
    `We’ve sent a link to ${email}. Open it within 30 minutes to switch to the new address.`,
}

export const password = {
  title: 'Password',
  about: 'Changing it signs you out on all your other devices.',
  current: 'Current password',
  new: 'New password',
  submit: 'Change password',
  submitting: 'Changing…',
  changed: 'Password changed.',
  othersEnded: 'You’ve been signed out on all other devices.',
}

export const sessions = {
  title: 'Where you’re signed in',
  about: 'Don’t recognize a device? Sign it out, then change your password.',
  failed: 'Your devices couldn’t be loaded',
  unknown: 'Unknown device',
  current: 'This device',
  activeNow: 'Active now',
  lastUsed: 'Last used',
  signedIn: 'Signed in',
  signOut: 'Sign out',
  ended: (device: string) => `${device} is signed out.`,
  endOthers: 'Sign out all other devices',
  othersEnded: 'All other devices are signed out.',
  notEnded: 'The device wasn’t signed out.',
}

export const deletion = {
  title: 'Delete account',
  about: 'Permanently, along with everything we know about you.',
  open: 'Delete account…',
  question: 'Delete your account?',
  confirm: 'Enter your password to confirm.',
  consequences: [
    'Your bookings for upcoming events are cancelled, and the tickets are released.',
    'Your name, e-mail and password are erased, and you’re signed out everywhere.',
    'This can’t be undone.',
  ],
  submit: 'Delete my account',
  submitting: 'Deleting…',
}

export const forgotten = {
  page: 'Forgot your password',
  title: 'Forgot your password?',
  lead: 'Enter your e-mail address, and we’ll send you a link to choose a new one.',
  submit: 'Send link',
  submitting: 'Sending…',
  sentTitle: 'Check your inbox',
  sentLead: (email: string) =>
    `If ${email} belongs to an account, a link to choose a new password is on its way. It works once, for 30 minutes.`,
  nothing: 'Nothing there? Check your spam folder, or try again in a minute.',
  again: 'Try again',
  remembered: 'Remembered it?',
  signIn: 'Sign in',
}

export const reset = {
  page: 'Choose a new password',
  title: 'Choose a new password',
  lead: 'You’ll be signed out everywhere else.',
  new: 'New password',
  submit: 'Set new password',
  submitting: 'Saving…',
  doneTitle: 'Password changed',
  doneLead: 'You’ve been signed out everywhere. Sign in with your new password.',
  signIn: 'Sign in',
}

export const verification = {
  page: 'Confirm your e-mail',
  title: 'Confirm your e-mail',
  lead: 'One click, and the address is confirmed as yours.',
  submit: 'Confirm e-mail',
  submitting: 'Confirming…',
  doneTitle: 'E-mail confirmed',
  doneLead: 'Thanks! Your address is confirmed.',
  proceed: 'Browse events',
  takenTitle: 'This address is taken',
  takenLead: 'Another account uses it by now. Choose a different one in your account settings.',
  settings: 'Go to account settings',
}

export const badLink = {
  title: 'This link no longer works',
  lead: 'It has expired or was already used. Links work once, for 30 minutes.',
  missingTitle: 'This link is incomplete',
  missingLead: 'Part of it got lost on the way. Copy the whole link from the e-mail, or ask for a new one.',
  again: 'Get a new link',
}
