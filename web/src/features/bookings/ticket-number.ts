/** The end of a booking's id, for people to read to each other. */
export const ticketNumber = (id: string): string =>
  id
    .slice(-12)
    .toUpperCase()
    .replace(/(.{4})(?=.)/g, '$1 ')
