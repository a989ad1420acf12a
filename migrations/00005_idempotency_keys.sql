-- Answers for repeated commands. A key is written in the transaction of its records.

-- +goose Up

create table idempotency_keys (
    owner       uuid        not null,
    name        text        not null check (octet_length(name) between 1 and 255),
    fingerprint bytea       not null,
    stream_id   uuid        not null,
    version     int         not null,
    answer      bytea       not null,
    created_at  timestamptz not null default now(),
    primary key (owner, name)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- +goose Down

drop table idempotency_keys;
