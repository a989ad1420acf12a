import { AuthCard } from '@/features/session/components/auth-card'
import { GuestLink } from '@/features/session/components/guest-link'
import { LoginForm } from '@/features/session/components/login-form'
import { login, ticketLabel } from '@/features/session/strings/guests'
import { paths } from '@/lib/paths'

export default function LoginPage() {
  return (
    <AuthCard
      page={login.page}
      label={ticketLabel}
      title={login.title}
      lead={login.lead}
      footer={
        <>
          {login.noAccount} <GuestLink to={paths.register}>{login.register}</GuestLink>
        </>
      }
    >
      <LoginForm />
      <p className="mt-3 text-center text-sm">
        <GuestLink to={paths.forgotPassword}>{login.forgot}</GuestLink>
      </p>
    </AuthCard>
  )
}
