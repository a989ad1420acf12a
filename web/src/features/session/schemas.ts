import {
  email as isEmail,
  maxLength,
  minLength,
  object,
  refine,
  string,
  trim,
  type infer as Infer,
} from 'zod/mini'

const email = string().check(
  trim(),
  minLength(1, 'Enter your e-mail address.'),
  isEmail('Enter an e-mail address such as name@example.com.'),
)

export const loginSchema = object({
  email,
  password: string().check(minLength(1, 'Enter your password.')),
})

const utf8 = new TextEncoder()

export const registerSchema = object({
  name: string().check(
    trim(),
    minLength(1, 'Enter your name.'),
    minLength(2, 'Your name needs at least 2 characters.'),
    maxLength(100, 'Your name can have at most 100 characters.'),
  ),
  email,
  password: string().check(
    minLength(8, 'Use at least 8 characters.'),
    refine((p) => /\p{L}/u.test(p), 'Use at least one letter.'),
    refine((p) => /\p{Nd}/u.test(p), 'Use at least one number.'),
    // The bytes of a password that bcrypt uses.
    refine((p) => utf8.encode(p).length <= 72, 'Use at most 72 bytes; most letters count as one.'),
  ),
  confirmPassword: string().check(minLength(1, 'Enter the password again.')),
}).check(
  refine((v) => v.password === v.confirmPassword, {
    path: ['confirmPassword'],
    error: 'The passwords don’t match.',
  }),
)

export type LoginValues = Infer<typeof loginSchema>
export type RegisterValues = Infer<typeof registerSchema>
