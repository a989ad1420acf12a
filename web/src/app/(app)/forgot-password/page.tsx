export { ForgotPassword as default } from '@/features/session/components/forgot-password'
