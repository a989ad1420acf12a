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
import { invalid } from './strings/guests'

export const emailSchema = pipe(string(), trim(), minLength(1, invalid.noEmail), email(invalid.email))

/** A password that exists already: the server knows whether it is right. */
export const passwordSchema = pipe(string(), minLength(1, invalid.noPassword))

const utf8 = new TextEncoder()

export const newPasswordSchema = pipe(
  string(),
  minLength(8, invalid.shortPassword),
  check((p) => /\p{L}/u.test(p), invalid.noLetter),
  check((p) => /\p{Nd}/u.test(p), invalid.noNumber),
  // The bytes of a password that bcrypt uses.
  check((p) => utf8.encode(p).length <= 72, invalid.longPassword),
)

export const loginSchema = object({ email: emailSchema, password: passwordSchema })

export const registerSchema = pipe(
  object({
    name: pipe(
      string(),
      trim(),
      minLength(1, invalid.noName),
      minLength(2, invalid.shortName),
      maxLength(100, invalid.longName),
    ),
    email: emailSchema,
    password: newPasswordSchema,
    confirmPassword: pipe(string(), minLength(1, invalid.noConfirmation)),
  }),
  forward(
    partialCheck(
      [['password'], ['confirmPassword']],
      ({ password, confirmPassword }) => password === confirmPassword,
      invalid.differs,
    ),
    ['confirmPassword'],
  ),
)

export type LoginValues = InferOutput<typeof loginSchema>
export type RegisterValues = InferOutput<typeof registerSchema>
