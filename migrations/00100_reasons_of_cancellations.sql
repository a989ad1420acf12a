-- Why an organizer has cancelled a booking, for the customer.

-- +goose Up

alter table bookings
    add column cancel_reason text not null default ''; -- empty: the customer has cancelled it, or nobody

-- The cancellation is the last record that has changed the booking.
update bookings b
set cancel_reason = e.data->>'reason'
from event_log e
where b.status = 'CANCELLED' and e.stream_id = b.event_id and e.version = b.version
  and e.type = 'BookingCancelled' and e.schema_version = 3;

-- +goose Down

alter table bookings drop column cancel_reason;
