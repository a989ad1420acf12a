// Keeps the query of the URL. The lists and the parts of the desk use it.
export { NuqsAdapter as default } from 'nuqs/adapters/next/app'
