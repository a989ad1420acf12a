import { AuthCard } from '@/features/session/components/auth-card'
import { GuestLink } from '@/features/session/components/guest-link'
import { LoginForm } from '@/features/session/components/login-form'
import { paths } from '@/lib/paths'

export default function LoginPage() {
  return (
    <AuthCard
      page="Sign in"
      title="Welcome back"
      lead="Sign in to book tickets and see your bookings."
      footer={
        <>
          Don’t have an account? <GuestLink to={paths.register}>Register</GuestLink>
        </>
      }
    >
      <LoginForm />
    </AuthCard>
  )
}
