-- Keys with which programs call the API in the name of a user.

-- +goose Up

-- Only the SHA-256 of a key is stored: with 256 random bits there is nothing to guess, so a slow
-- hash would cost time for nothing. A revoked key stays for a while, because records name its id.
create table api_keys (
    id           uuid        primary key,
    user_id      uuid        not null references users (id) on delete cascade,
    name         text        not null check (name <> ''),
    prefix       text        not null,
    key_hash     bytea       not null constraint api_keys_one_hash unique check (octet_length(key_hash) = 32),
    scopes       text[]      not null check (cardinality(scopes) > 0),
    created_at   timestamptz not null,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_keys_by_user on api_keys (user_id);
create index api_keys_revoked on api_keys (revoked_at) where revoked_at is not null;

-- +goose Down

drop table api_keys;
