import {
  check,
  email,
  forward,
  maxLength,
  minLength,
  object,
  partialCheck,
  pipe,
  string,
  trim,
  type InferOutput,
} from 'valibot'

const emailSchema = pipe(
  string(),
  trim(),
  minLength(1, 'Enter your e-mail address.'),
  email('Enter an e-mail address such as name@example.com.'),
)

export const loginSchema = object({
  email: emailSchema,
  password: pipe(string(), minLength(1, 'Enter your password.')),
})

const utf8 = new TextEncoder()

export const registerSchema = pipe(
  object({
    name: pipe(
      string(),
      trim(),
      minLength(1, 'Enter your name.'),
      minLength(2, 'Your name needs at least 2 characters.'),
      maxLength(100, 'Your name can have at most 100 characters.'),
    ),
    email: emailSchema,
    password: pipe(
      string(),
      minLength(8, 'Use at least 8 characters.'),
      check((p) => /\p{L}/u.test(p), 'Use at least one letter.'),
      check((p) => /\p{Nd}/u.test(p), 'Use at least one number.'),
      // The bytes of a password that bcrypt uses.
      check((p) => utf8.encode(p).length <= 72, 'Use at most 72 bytes; most letters count as one.'),
    ),
    confirmPassword: pipe(string(), minLength(1, 'Enter the password again.')),
  }),
  forward(
    partialCheck(
      [['password'], ['confirmPassword']],
      ({ password, confirmPassword }) => password === confirmPassword,
      'The passwords don’t match.',
    ),
    ['confirmPassword'],
  ),
)

export type LoginValues = InferOutput<typeof loginSchema>
export type RegisterValues = InferOutput<typeof registerSchema>
