-- +goose NO TRANSACTION

-- Indexes for the filters of the audit's list of records. A log can be long: they are created beside
-- the bookings, which would otherwise wait. An attempt that was interrupted leaves an invalid index
-- behind, which the next one drops.

-- +goose Up

-- TicketBooked is most of the log: it is found without an index, and costs nothing here.
drop index concurrently if exists event_log_by_type;
create index concurrently event_log_by_type on event_log (type, position) where type <> 'TicketBooked';

-- A Bloom filter for each 128 pages: it says where a user's records can't be. A B-tree costs each append
-- several microseconds, and half as much WAL again.
drop index concurrently if exists event_log_by_actor;
create index concurrently event_log_by_actor on event_log
    using brin ((metadata->>'actor') text_bloom_ops(n_distinct_per_range = 2000)) with (autosummarize = on);

-- +goose Down

drop index concurrently if exists event_log_by_actor;
drop index concurrently if exists event_log_by_type;
