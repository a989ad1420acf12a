-- How events sell: what is held of an event, and who is checked in.

-- +goose Up

-- Bookings that are made and holds that are over have no entry.
create index bookings_checked_in on bookings (event_id) where check_ins <> '[]';
create index holds_by_event      on holds (event_id) where status = 'HELD';

-- +goose Down

drop index holds_by_event;
drop index bookings_checked_in;
