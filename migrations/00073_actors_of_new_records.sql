-- Append without a summary of actors to keep.

-- +goose Up

-- Creating a BRIN index summarizes the pages that are there, up to the last one, and so does it with an
-- empty table. Each append to the last pages then wrote their whole Bloom filter again: 2.4 kB of WAL
-- for a record of 0.7 kB. Without a summary, searches read these pages, and PostgreSQL summarizes them
-- when they are full.
select brin_desummarize_range('event_log_by_actor',
    pg_relation_size('event_log') / current_setting('block_size')::bigint / 128 * 128);

-- +goose Down

-- Nothing to undo: summaries are made again by themselves.
