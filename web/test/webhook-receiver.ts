import { Webhook } from 'standardwebhooks'

/** The message, if it comes from Boxoffice. Throws if it does not. `body` is the text as it came. */
export function receive(body: string, headers: Record<string, string>, secret: string) {
  const message = new Webhook(secret).verify(body, headers)
  return message as { id: string; type: string; data: { event?: { id: string; title: string } } }
}
