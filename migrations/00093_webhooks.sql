-- Webhooks: where organizers want to be told of what happens, and what was or is to be sent there.

-- +goose Up

create table webhook_endpoints (
    id             uuid        primary key,
    owner_id       uuid        not null references users (id) on delete cascade,
    url            text        not null,
    types          text[]      not null, -- that it wants; none: all
    event_id       uuid,                 -- null: all events of the owner
    since          bigint      not null, -- position: what happened before is not sent
    -- Signing needs the secrets themselves, not hashes. During a change the one before is used too.
    secret         bytea       not null,
    old_secret     bytea,
    old_until      timestamptz,
    status         text        not null default 'active' check (status in ('active', 'paused', 'failing', 'gone')),
    failing_since  timestamptz,           -- null: the last attempt was a success
    given_up       int         not null default 0, -- deliveries since the last success
    created_at     timestamptz not null,
    check ((old_secret is null) = (old_until is null))
);
create index webhook_endpoints_by_owner on webhook_endpoints (owner_id, created_at);

create table webhook_deliveries (
    id           bigint      generated always as identity primary key,
    endpoint_id  uuid        not null references webhook_endpoints (id) on delete cascade,
    message_id   text        not null, -- the same whenever it is sent
    type         text        not null,
    event_id     uuid,
    payload      text        not null,
    status       text        not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    created_at   timestamptz not null,
    next_at      timestamptz, -- of the next attempt
    attempts     int         not null default 0,
    attempted_at timestamptz, -- the last one, like what follows
    status_code  int,         -- null: there was no answer
    duration_ms  int,
    error        text        not null default '',
    unique (endpoint_id, message_id),
    check ((status = 'pending') = (next_at is not null))
);
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, next_at, id) where status = 'pending';
create index webhook_deliveries_by_endpoint on webhook_deliveries (endpoint_id, id);
create index webhook_deliveries_by_age on webhook_deliveries using brin (created_at);

-- +goose Down

drop table webhook_deliveries;
drop table webhook_endpoints;
