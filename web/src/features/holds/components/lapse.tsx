import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import type { Hold } from '@/lib/api/types'
import { quantityOf } from '@/lib/sale'
import { forgetLapse } from '../lapses'
import { lapse as text } from '../strings'

/** Says that the user's time ran out, until it is read. */
export function Lapse({ hold }: { hold: Hold }) {
  const tell = hold.offered ? text.offer : text.hold
  return (
    <Alert>
      <p>
        {tell(quantityOf(hold.lines))} {text.refunded}
      </p>
      <Button variant="outline" className="mt-3" onClick={() => forgetLapse(hold.eventId)}>
        {text.dismiss}
      </Button>
    </Alert>
  )
}
