export { VerifyEmail as default } from '@/features/session/components/verify-email'
