-- +goose NO TRANSACTION

-- Which pictures the records of the log name. Bookings, which are most of the log, are not in it. An
-- attempt that was interrupted leaves an invalid index behind, which the next one drops.

-- +goose Up

drop index concurrently if exists event_log_by_image;
create index concurrently event_log_by_image on event_log ((data->'details'->>'image'))
    where type in ('EventScheduled', 'DetailsChanged') and data->'details'->>'image' is not null;

-- +goose Down

drop index concurrently if exists event_log_by_image;
