import * as z from 'zod/mini'
import '@/lib/zod'

const email = z
  .string()
  .check(
    z.trim(),
    z.minLength(1, 'Enter your e-mail address.'),
    z.email('Enter an e-mail address such as name@example.com.'),
  )

export const loginSchema = z.object({
  email,
  password: z.string().check(z.minLength(1, 'Enter your password.')),
})

const utf8 = new TextEncoder()

export const registerSchema = z
  .object({
    name: z
      .string()
      .check(
        z.trim(),
        z.minLength(1, 'Enter your name.'),
        z.minLength(2, 'Your name needs at least 2 characters.'),
        z.maxLength(100, 'Your name can have at most 100 characters.'),
      ),
    email,
    password: z.string().check(
      z.minLength(8, 'Use at least 8 characters.'),
      z.refine((p) => /\p{L}/u.test(p), 'Use at least one letter.'),
      z.refine((p) => /\p{Nd}/u.test(p), 'Use at least one number.'),
      // What bcrypt reads of a password.
      z.refine((p) => utf8.encode(p).length <= 72, 'Use at most 72 bytes; most letters count as one.'),
    ),
    confirmPassword: z.string().check(z.minLength(1, 'Enter the password again.')),
  })
  .check(
    z.refine((v) => v.password === v.confirmPassword, {
      path: ['confirmPassword'],
      error: 'The passwords don’t match.',
    }),
  )

export type LoginValues = z.infer<typeof loginSchema>
export type RegisterValues = z.infer<typeof registerSchema>
