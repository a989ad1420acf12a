-- Ids of recently deleted users, whose access tokens are refused.

-- +goose Up

create table erased_users (
    id        uuid        primary key,
    erased_at timestamptz not null
);

-- +goose Down

drop table erased_users;
