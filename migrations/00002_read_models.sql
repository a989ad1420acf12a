-- The read models, built from the log by the projections and rebuilt from it at any time.

-- +goose Up

create extension if not exists pg_trgm;

-- How far each projection has applied the log, and which process may do so until when.
create table projection_checkpoints (
    name        text        primary key,
    position    bigint      not null default 0,
    updated_at  timestamptz not null default now(),
    holder      uuid,
    fence       bigint      not null default 0,
    lease_until timestamptz
);

create table events (
    id          uuid        primary key,
    title       text        not null,
    title_key   text        collate "C" not null, -- the title as it is searched and sorted, whatever the locale of the database
    description text        not null,
    venue       text        not null,
    starts_at   timestamptz not null,
    time_zone   text        not null,
    price_minor bigint      not null,
    currency    text        not null,
    capacity    int         not null,
    remaining   int         not null,
    status      text        not null,
    version     int         not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
-- One index for each order the list can have; the id breaks ties, so that pages neither repeat nor
-- skip an event.
create index events_by_date  on events (starts_at, id);
create index events_by_price on events (price_minor, id);
create index events_by_title on events (title_key, id);
create index events_title_search on events using gin (title_key gin_trgm_ops);

-- No foreign keys: rows of a read model come from the log, and each projection keeps its own pace.
create table bookings (
    id           uuid        primary key,
    event_id     uuid        not null,
    user_id      uuid        not null,
    status       text        not null,
    created_at   timestamptz not null,
    cancelled_at timestamptz,
    version      int         not null
);
create index bookings_by_user on bookings (user_id, created_at desc, id);

-- +goose Down

drop table bookings;
drop table events;
drop table projection_checkpoints;
