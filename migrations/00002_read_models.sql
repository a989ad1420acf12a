-- The read models, which projections build from the log and can rebuild at any time.

-- +goose Up

create extension if not exists pg_trgm;

-- The last applied position of each projection, and the lease of the process that runs it.
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
    title_key   text        collate "C" not null, -- the title for searching and sorting, independent of the locale of the database
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
-- One index for each order of the list. The id breaks ties, so that pages neither repeat nor skip
-- an event.
create index events_by_date  on events (starts_at, id);
create index events_by_price on events (price_minor, id);
create index events_by_title on events (title_key, id);
create index events_title_search on events using gin (title_key gin_trgm_ops);

-- No foreign keys: each projection reads the log at its own pace.
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
