-- Users. Personal data is stored here and not in the log, so that deleting a row erases it.

-- +goose Up

create table users (
    id            uuid        primary key,
    email         text        not null check (octet_length(email) between 3 and 254),
    name          text        not null check (name <> ''),
    role          text        not null default 'customer' check (role in ('customer', 'organizer', 'auditor')),
    password_hash text        not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null
);
-- An explicit collation, because lower() depends on it: in a Turkish one INFO@ differs from info@.
create unique index users_one_email on users (lower(email collate "C"));

-- One row for each refresh token. A family is all tokens of one sign-in. Only the SHA-256 of a
-- token is stored. replaced_by has no foreign key, so that expired rows can be deleted in any
-- order.
create table refresh_tokens (
    id           uuid        primary key,
    user_id      uuid        not null constraint refresh_tokens_user references users (id) on delete cascade,
    family       uuid        not null,
    token_hash   bytea       not null constraint refresh_tokens_one_hash unique check (octet_length(token_hash) = 32),
    signed_in_at timestamptz not null,
    issued_at    timestamptz not null,
    expires_at   timestamptz not null check (expires_at > issued_at),
    used_at      timestamptz,
    replaced_by  uuid,
    revoked_at   timestamptz,
    check ((used_at is null) = (replaced_by is null))
);
create index refresh_tokens_by_user   on refresh_tokens (user_id);
create index refresh_tokens_by_family on refresh_tokens (family);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

-- +goose Down

drop table refresh_tokens;
drop table users;
