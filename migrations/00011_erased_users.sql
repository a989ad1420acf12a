-- Ids of users who erased themselves a short while ago, and nothing else of them: access tokens
-- that they still have are refused.

-- +goose Up

create table erased_users (
    id        uuid        primary key,
    erased_at timestamptz not null
);

-- +goose Down

drop table erased_users;
