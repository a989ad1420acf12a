-- The secret addresses that calendars subscribe to.

-- +goose Up

-- Only the SHA-256 of an address's token is stored. The token is made from the id and a secret of the
-- program, so that its owner can see it again. A user has one of each kind.
create table calendar_feeds (
    id         uuid        primary key,
    user_id    uuid        not null references users (id) on delete cascade,
    kind       text        not null check (kind in ('bookings', 'events')),
    token_hash bytea       not null unique check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    unique (user_id, kind)
);

-- +goose Down

drop table calendar_feeds;
