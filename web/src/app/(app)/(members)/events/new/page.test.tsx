import { act, fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import Link from 'next/link'
import { beforeEach, describe, expect, it } from 'vitest'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, problem, server } from '../../../../../../test/server'
import { show } from '../../../../../../test/show'
import SchedulePage from './page'

const png = new File(['pixels'], 'poster.png', { type: 'image/png' })

describe('scheduling an event', () => {
  const asked: Record<string, unknown>[] = []
  beforeEach(() => {
    asked.length = 0
    startSession(aSession('access-1', { role: 'organizer' }))
    history.replaceState(null, '', '/events/new')
    server.use(
      http.post('*/api/events', async ({ request }) => {
        asked.push((await request.json()) as Record<string, unknown>)
        return HttpResponse.json(anEvent(), { status: 201 })
      }),
    )
    show(
      <>
        <Link href="/bookings">My bookings</Link>
        <SchedulePage />
      </>,
    )
  })
  const set = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } })
  const fill = () => {
    set('Title', 'Jazz Night')
    set('Venue', 'Blue Door Club')
    set('Time zone of the venue', 'Europe/Berlin')
    set('Date and time at the venue', '2030-10-27T02:30')
    set('Tickets', '10')
    set('Price', '25')
  }
  const submit = () => userEvent.click(screen.getByRole('button', { name: 'Schedule event' }))

  it('complains about the price together with the other fields', async () => {
    await userEvent.type(await screen.findByLabelText('Price'), 'a lot')
    await userEvent.click(screen.getByRole('button', { name: 'Schedule event' }))
    expect(await screen.findByText('Enter a title.')).toBeVisible()
    expect(screen.getByText(/^Enter an amount/)).toBeVisible()
  })

  it('offers both readings of a time that comes twice', async () => {
    fill()
    const which = await screen.findByLabelText('Which one?')
    await userEvent.selectOptions(which, 'Second, after the clocks go back')
    await submit()
    await waitFor(() => expect(asked[0]).toMatchObject({ date: '2030-10-27T01:30:00Z' }))
    set('Date and time at the venue', '2030-10-28T02:30')
    await waitFor(() => expect(screen.queryByLabelText('Which one?')).not.toBeInTheDocument())
  })

  it('sends several ticket types, the limit and the sale window, as a draft', async () => {
    fill()
    await userEvent.click(screen.getByRole('button', { name: 'Sell several ticket types' }))
    const type = (n: number) => within(screen.getByRole('group', { name: `Ticket type ${n}` }))
    const put = (n: number, label: string, value: string) =>
      fireEvent.change(type(n).getByLabelText(label), { target: { value } })
    expect(type(1).getByLabelText('Price')).toHaveValue('25')
    await userEvent.click(screen.getByRole('button', { name: 'Add a ticket type' }))
    put(2, 'Name', 'Gone')
    put(3, 'Name', 'Reduced')
    put(3, 'Price', '10')
    put(3, 'Capacity (optional)', '4')
    await userEvent.click(screen.getByRole('button', { name: 'Remove Gone' }))
    set('Maximum per customer', '3')
    set('Sale opens (optional)', '2030-09-01T10:00')
    await userEvent.click(screen.getByRole('button', { name: 'Save as draft' }))
    await waitFor(() => expect(asked).toHaveLength(1))
    expect(asked[0]).toMatchObject({
      draft: true,
      maxPerCustomer: 3,
      saleOpensAt: '2030-09-01T08:00:00Z',
      saleClosesAt: null,
      ticketTypes: [
        { name: 'General admission', price: 25 },
        { name: 'Reduced', price: 10, capacity: 4 },
      ],
    })
    expect(asked[0]).not.toHaveProperty('price')
  })

  it('refuses a time that does not exist', async () => {
    fill()
    set('Date and time at the venue', '2030-03-31T02:30')
    await submit()
    expect(await screen.findByText('That time doesn’t exist: clocks go forward then.')).toBeInTheDocument()
    expect(asked).toEqual([])
  })

  it('sends the category, the end, the organizer and the uploaded image', async () => {
    let uploaded: string | null = null
    server.use(
      http.post('*/api/images', ({ request }) => {
        uploaded = request.headers.get('Content-Type')
        const image = { id: 'f00d', url: '/images/f00d', width: 640, height: 480 }
        return HttpResponse.json(image, { status: 201 })
      }),
    )
    fill()
    set('Category (optional)', 'music')
    set('Organizer’s name (optional)', 'Olivia')
    set('Ends (optional)', '2030-10-27T05:00')
    await userEvent.upload(screen.getByLabelText(/Choose an image/), png)
    await waitFor(() => expect(screen.getByText('Image uploaded.')).toBeInTheDocument())
    expect(uploaded).toBe('image/png')
    expect(document.querySelector('img')).toHaveAttribute('src', expect.stringContaining('/api/images/f00d'))
    await submit()
    await waitFor(() =>
      expect(asked[0]).toMatchObject({
        category: 'music',
        organizerName: 'Olivia',
        endsAt: '2030-10-27T04:00:00Z',
        image: 'f00d',
      }),
    )
  })

  it('says why an image was refused', async () => {
    server.use(http.post('*/api/images', () => problem(422, 'invalid_image')))
    const svg = new File(['<svg/>'], 'a.svg', { type: 'image/svg+xml' })
    const user = userEvent.setup({ applyAccept: false })
    await user.upload(screen.getByLabelText(/Choose an image/), svg)
    expect(await screen.findByText('Choose a JPEG, PNG or WebP image.')).toBeInTheDocument()
    await user.upload(screen.getByLabelText(/Choose an image/), png)
    expect(await screen.findByText('It says invalid_image')).toBeInTheDocument()
  })

  const unload = () => {
    const event = new Event('beforeunload', { cancelable: true })
    act(() => void dispatchEvent(event))
    return event.defaultPrevented
  }

  it('asks before changes are lost, by a link and by closing the page', async () => {
    const link = screen.getByRole('link', { name: 'My bookings' })
    expect(unload()).toBe(false)
    set('Title', 'Jazz Night')
    expect(unload()).toBe(true)
    await userEvent.click(link)
    await userEvent.click(await screen.findByRole('button', { name: 'Keep editing' }))
    expect(location.pathname).toBe('/events/new')
    expect(screen.getByLabelText('Title')).toHaveValue('Jazz Night')
    await userEvent.click(link)
    await userEvent.click(await screen.findByRole('button', { name: 'Discard changes' }))
    expect(location.pathname).toBe('/bookings')
    expect(unload()).toBe(false)
  })

  it('asks nothing once the changes are saved or undone', async () => {
    set('Title', 'J')
    set('Title', '')
    expect(unload()).toBe(false)
    fill()
    await submit()
    await waitFor(() => expect(location.pathname).toMatch(/^\/events\/0/))
    expect(unload()).toBe(false)
  })
})

describe('duplicating an event', () => {
  it('takes everything over but the times and what is sold', async () => {
    startSession(aSession('access-1', { role: 'organizer' }))
    const event = anEvent({
      title: 'Gala',
      description: 'With dinner.',
      category: 'music',
      organizerName: 'The Club',
      endsAt: '2030-03-15T12:00:00Z',
      saleOpensAt: '2030-01-01T00:00:00Z',
      timeZone: 'Europe/Berlin',
      status: 'CANCELLED',
      maxPerCustomer: 4,
      requireProofOfWork: true,
      image: {
        url: '/images/abc',
        width: 4,
        height: 3,
        color: '#000000',
        widths: [480],
      } as unknown as ReturnType<typeof anEvent>['image'],
      ticketTypes: [
        { id: 3, name: 'Floor', price: 49.99, remaining: 1 },
        { id: 4, name: 'Balcony', price: 20, capacity: 80, remaining: 0 },
      ],
    })
    let asked: unknown
    history.replaceState(null, '', `/events/new?from=${event.id}`)
    server.use(
      http.get(`*/api/events/${event.id}`, () => HttpResponse.json(event)),
      http.post('*/api/events', async ({ request }) => {
        asked = await request.json()
        return HttpResponse.json(anEvent(), { status: 201 })
      }),
    )
    show(<SchedulePage />)
    expect(await screen.findByRole('heading', { level: 1, name: 'Duplicate an event' })).toBeVisible()
    expect(screen.getByLabelText('Title')).toHaveValue('Gala')
    await userEvent.click(screen.getByRole('button', { name: 'Schedule event' }))
    expect(await screen.findByText('Enter a date and a time.')).toBeVisible()
    fireEvent.change(screen.getByLabelText('Date and time at the venue'), {
      target: { value: '2031-05-01T20:00' },
    })
    await userEvent.click(screen.getByRole('button', { name: 'Schedule event' }))
    await waitFor(() => expect(asked).toBeDefined())
    expect(asked).toEqual({
      title: 'Gala',
      description: 'With dinner.',
      category: 'music',
      organizerName: 'The Club',
      image: 'abc',
      venue: 'Blue Door Club',
      date: '2031-05-01T18:00:00Z',
      endsAt: null,
      timeZone: 'Europe/Berlin',
      totalTickets: 100,
      maxPerCustomer: 4,
      saleOpensAt: null,
      saleClosesAt: null,
      currency: 'USD',
      requireProofOfWork: true,
      ticketTypes: [
        { name: 'Floor', price: 49.99 },
        { name: 'Balcony', price: 20, capacity: 80 },
      ],
    })
  })
})
