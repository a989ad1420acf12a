/** How many navigations Next's router has begun: see instrumentation-client.ts. */
export const navigations = { begun: 0 }
