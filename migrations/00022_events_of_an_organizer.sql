-- Find the events that somebody has scheduled.

-- +goose Up

-- The first record of a stream names who scheduled the event. The index has no entry for bookings.
create index event_log_by_organizer on event_log ((metadata->>'actor')) include (stream_id) where version = 1;

-- +goose Down

drop index event_log_by_organizer;
