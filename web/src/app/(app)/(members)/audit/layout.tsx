// Keeps the query of the URL. Only the lists use it.
export { NuqsAdapter as default } from 'nuqs/adapters/next/app'
