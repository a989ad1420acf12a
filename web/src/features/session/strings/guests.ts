// The words of signing in and registering, and of all forms about accounts.

export const fields = {
  name: 'Name',
  email: 'E-mail',
  password: 'Password',
  confirmPassword: 'Confirm password',
  passwordHint: 'At least 8 characters, with a letter and a number.',
}

// Each fits on one line of the narrowest phone: a second line would move what is below.
export const invalid = {
  noEmail: 'Enter your e-mail address.',
  email: 'Enter a valid e-mail address.',
  noPassword: 'Enter your password.',
  noName: 'Enter your name.',
  shortName: 'Use at least 2 characters.',
  longName: 'Use at most 100 characters.',
  shortPassword: 'Use at least 8 characters.',
  noLetter: 'Use at least one letter.',
  noNumber: 'Use at least one number.',
  longPassword: 'Use a shorter password.',
  noConfirmation: 'Enter the password again.',
  differs: 'The passwords don’t match.',
}

export const login = {
  page: 'Sign in',
  title: 'Welcome back',
  lead: 'Sign in to book tickets and see your bookings.',
  submit: 'Sign in',
  submitting: 'Signing in…',
  forgot: 'Forgot your password?',
  noAccount: 'Don’t have an account?',
  register: 'Register',
  ended: {
    expired: 'Your session has ended. Please sign in again.',
    elsewhere: 'You signed out in another tab.',
    deleted: 'Your account has been deleted.',
  },
}

export const registration = {
  page: 'Create an account',
  title: 'Create an account',
  lead: 'It takes a minute. After that, every event is one click away.',
  submit: 'Create account',
  submitting: 'Creating your account…',
  hasAccount: 'Already have an account?',
  signIn: 'Sign in',
  taken: 'This e-mail is already registered.',
  signInInstead: 'Sign in instead?',
}

/** Printed on tickets; screen readers skip it. */
export const ticketLabel = 'Admit one'
