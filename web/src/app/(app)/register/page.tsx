import { AuthCard } from '@/features/session/components/auth-card'
import { GuestLink } from '@/features/session/components/guest-link'
import { RegisterForm } from '@/features/session/components/register-form'
import { paths } from '@/lib/paths'

export default function RegisterPage() {
  return (
    <AuthCard
      page="Create an account"
      title="Create an account"
      lead="It takes a minute, and then every event is one click away."
      footer={
        <>
          Already have an account? <GuestLink to={paths.login}>Sign in</GuestLink>
        </>
      }
    >
      <RegisterForm />
    </AuthCard>
  )
}
