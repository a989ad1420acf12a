-- Idempotency keys of registrations. The fingerprint does not cover the password, which is compared
-- with the account's.

-- +goose Up

create table registration_keys (
    name        text        primary key check (octet_length(name) between 1 and 255),
    fingerprint bytea       not null,
    user_id     uuid        not null references users (id) on delete cascade,
    created_at  timestamptz not null
);
create index registration_keys_by_age on registration_keys (created_at);
create index registration_keys_by_user on registration_keys (user_id);

-- +goose Down

drop table registration_keys;
