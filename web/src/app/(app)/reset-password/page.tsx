export { ResetPassword as default } from '@/features/session/components/reset-password'
