import { ButtonLink } from '@/components/ui/button-link'
import { AuthCard } from './auth-card'

/** How a form ended: what to know, and the way on. */
export function Outcome({
  to,
  action,
  ...card
}: {
  page: string
  title: string
  lead: string
  to: string
  action: string
}) {
  return (
    <AuthCard {...card}>
      <ButtonLink size="wide" href={to}>
        {action}
      </ButtonLink>
    </AuthCard>
  )
}
