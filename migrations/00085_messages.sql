-- What organizers have written to those who have tickets.

-- +goose Up

-- The list of an event's messages is read from the log. The index has no entry for other records.
create index event_log_messages on event_log (stream_id, version) where type = 'MessageSent';

-- +goose Down

drop index event_log_messages;
