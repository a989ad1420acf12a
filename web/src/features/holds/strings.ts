import { formatNumber, plural } from '@/lib/format'

// Every sentence about reserving tickets, waiting for them and being offered some.

/** "1st", "2nd", "11th" */
function ordinal(n: number): string {
  const kind = new Intl.PluralRules('en-US', { type: 'ordinal' }).select(n)
  return formatNumber(n) + { one: 'st', two: 'nd', few: 'rd', many: 'th', zero: 'th', other: 'th' }[kind]
}

const tickets = (n: number) => plural(n, 'ticket')

export const choose = {
  legend: 'Choose your tickets',
  more: (name: string) => `One more: ${name}`,
  less: (name: string) => `One less: ${name}`,
  count: (name: string) => `Number of tickets: ${name}`,
  left: (left: number) => (left === 0 ? 'Sold out' : `${formatNumber(left)} left`),
  limit: (most: number) => `At most ${tickets(most)} per person.`,
  limitLeft: (most: number, booked: number) =>
    `You have ${tickets(booked)} for this event and can get ${formatNumber(most)} more.`,
  booked: 'Booked ✓',
  bookedAll: (booked: number) => `You have ${tickets(booked)}, the most one person can get.`,
  none: 'Choose tickets',
  reserve: (n: number) => (n > 1 ? `Reserve ${tickets(n)}` : 'Reserve'),
  reserving: 'Reserving…',
  reserveHint: 'Your tickets are set aside while you pay.',
  wantWait: 'Not enough left? Join the waiting list',
  noWait: 'Show what’s left',
  soldOut:
    'All tickets are sold or reserved. If some become free, they’re offered to the waiting list in order.',
  join: 'Join the waiting list',
  joining: 'Joining…',
  available: 'You don’t have to wait for these: they’re available now.',
} as const

export const hold = {
  title: 'Reserved for you',
  offerTitle: 'It’s your turn',
  offerText: (n: number) => `${tickets(n)} became free, and you’re next on the waiting list.`,
  timeLeft: 'Time left',
  lastMinute: 'One minute left.',
  renew: 'Get more time',
  renewing: 'Getting more time…',
  simulated: 'This is a simulated payment: no money is taken.',
  pay: (price: string) => `Pay ${price}`,
  free: 'Confirm booking',
  accept: (price: string) => `Accept and pay ${price}`,
  acceptFree: 'Accept',
  paying: 'Paying…',
  confirming: 'Confirming…',
  release: 'Give tickets back',
  decline: 'Decline',
  releasing: 'Giving back…',
  declining: 'Declining…',
  for: (title: string) => ` for ${title}`,
} as const

export const lapse = {
  hold: (n: number) => `Your time ran out, and your ${n > 1 ? `${n} tickets were` : 'ticket was'} released.`,
  offer: (n: number) =>
    `Your time to accept ran out, and the ${n > 1 ? `${n} tickets were` : 'ticket was'} offered to the next person. You’re no longer on the waiting list.`,
  refunded: 'If you’ve just paid, you’ve been refunded.',
  dismiss: 'OK',
} as const

export const waiting = {
  title: 'You’re on the waiting list',
  place: (place: number) => (place === 1 ? 'You’re first in line.' : `You’re ${ordinal(place)} in line.`),
  hint: 'When tickets become free, we’ll offer them to you here for a limited time.',
  leave: 'Leave the waiting list',
  leaving: 'Leaving…',
} as const

export const banner = {
  label: 'Tickets set aside for you',
  offer: (n: number) => `${tickets(n)} ${n === 1 ? 'is' : 'are'} offered to you:`,
  hold: (n: number) => `${tickets(n)} ${n === 1 ? 'is' : 'are'} reserved for you:`,
  left: (time: string) => `${time} left`,
  open: 'Accept or decline',
  pay: 'Pay or give back',
  event: 'your event',
} as const

export const mine = {
  reserved: 'Reserved and offered',
  waiting: 'Waiting lists',
} as const

export const outcome = {
  booked: (title: string) => `Successfully booked ${title}!`,
  whereTicketsAre: 'Your tickets are in My bookings.',
  released: 'You’ve given the tickets back.',
  renewed: 'You have more time now.',
  notRenewed: 'You can’t get more time for these tickets.',
  renewFailed: 'You didn’t get more time. Please try again.',
  declined: 'You’ve declined the offer.',
  joined: (title: string) => `You’re on the waiting list for ${title}.`,
  left: (title: string) => `You’ve left the waiting list for ${title}.`,
  notReserved: 'Your tickets weren’t reserved. Please try again.',
  notPaid: 'The payment didn’t go through. Your tickets are still reserved.',
  notKnown: 'We couldn’t confirm your booking. Please try again: you won’t pay twice.',
  notReleased: 'Your tickets weren’t given back. Please try again.',
  notJoined: 'You’re not on the waiting list yet. Please try again.',
  notLeft: 'You’re still on the waiting list. Please try again.',
  soldOut: (title: string) => `Sorry, tickets for ${title} are no longer available.`,
  othersWait: 'Others are already waiting for tickets. You can join the waiting list.',
  reserved: 'Reserved for you.',
  codes: {
    not_enough_tickets: 'There aren’t that many tickets left.',
    limit_per_customer: 'That’s more tickets than one person can get.',
    already_booked: 'You have already booked this event.',
    already_holding: 'You’ve already reserved tickets for this event.',
    already_waiting: 'You’re already on the waiting list.',
    tickets_available: 'These tickets are available again: you can reserve them now.',
    too_many_holds: 'You’ve reserved tickets for this event, or waited for them, too many times.',
    sale_closed: 'Ticket sales have ended.',
    sale_not_open: 'Tickets aren’t on sale yet.',
    event_past: 'The event has already started.',
    event_cancelled: 'The event has been cancelled by the organizer.',
    event_not_found: 'The event is no longer on sale.',
    ticket_type_not_found: 'One of these tickets is no longer on sale.',
    hold_not_found: 'These tickets are no longer reserved for you.',
  } as Readonly<Record<string, string>>,
} as const
