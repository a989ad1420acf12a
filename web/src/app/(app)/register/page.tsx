import { AuthCard } from '@/features/session/components/auth-card'
import { GuestLink } from '@/features/session/components/guest-link'
import { RegisterForm } from '@/features/session/components/register-form'
import { registration, ticketLabel } from '@/features/session/strings/guests'
import { paths } from '@/lib/paths'

export default function RegisterPage() {
  return (
    <AuthCard
      page={registration.page}
      label={ticketLabel}
      title={registration.title}
      lead={registration.lead}
      footer={
        <>
          {registration.hasAccount} <GuestLink to={paths.login}>{registration.signIn}</GuestLink>
        </>
      }
    >
      <RegisterForm />
    </AuthCard>
  )
}
