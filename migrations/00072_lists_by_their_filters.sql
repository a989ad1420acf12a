-- Filter lists of events in their indexes.

-- +goose Up

drop index events_by_date;
drop index events_by_category;

-- An index must not name what remains: PostgreSQL would then write to every index of the table for
-- each booking. This column changes when an event sells out, and when it has tickets again. It is
-- computed by the database, so programs of an older version keep it too. Adding it writes the table
-- anew, which takes some seconds for 100,000 events.
alter table events
    add column sold_out boolean not null generated always as (remaining <= 0) stored;

create index events_by_date on events (starts_at, id) include (search_key, published, status);
create index events_by_category on events (category, starts_at, id) include (search_key, published);
create index events_available on events (starts_at, id) include (search_key, published, sale_opens_at, sale_closes_at)
    where status = 'SCHEDULED' and not sold_out;
-- Few events are drafts or cancelled.
create index events_not_scheduled on events (status, starts_at, id) include (search_key, published)
    where status <> 'SCHEDULED';

-- +goose Down

drop index events_not_scheduled;
drop index events_available;
drop index events_by_category;
drop index events_by_date;
alter table events drop column sold_out;
create index events_by_date on events (starts_at, id) include (search_key, published);
create index events_by_category on events (category, starts_at, id) include (search_key);
