'use client'

import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { account } from '@/features/session/strings/account'
import { DeleteAccount } from '@/features/session/components/delete-account'
import { KeysSection } from '@/features/session/components/keys-section'
import { PasswordSection } from '@/features/session/components/password-section'
import { ProfileSection } from '@/features/session/components/profile-section'
import { SessionsSection } from '@/features/session/components/sessions-section'
import { useSession } from '@/lib/session/store'

export default function AccountPage() {
  const user = useSession((s) => s.user)
  return (
    <div className="grid max-w-4xl grid-cols-1 gap-8">
      <PageTitle>{account.title}</PageTitle>
      <PageHeading>{account.title}</PageHeading>
      <ProfileSection user={user} />
      <PasswordSection email={user?.email} />
      <SessionsSection />
      <KeysSection />
      <DeleteAccount />
    </div>
  )
}
