-- Whose access tokens are refused before they expire. A user's token version is in each access
-- token; it grows when the password or the role changes, and when sign-ins are revoked.

-- +goose Up

alter table users add column token_version int not null default 0;

create table access_revocations (
    user_id       uuid        primary key,
    -- Tokens of lower versions are refused. The default is more than any, for deleted users.
    token_version int         not null default 2147483647,
    revoked_at    timestamptz not null
);
insert into access_revocations (user_id, revoked_at) select id, erased_at from erased_users;
drop table erased_users;
-- For programs of the previous version, which run until a rolling update is complete.
create view erased_users as
    select user_id as id, revoked_at as erased_at
    from access_revocations
    where token_version = 2147483647;

-- +goose Down

drop view erased_users;
create table erased_users (
    id        uuid        primary key,
    erased_at timestamptz not null
);
insert into erased_users (id, erased_at)
    select user_id, revoked_at from access_revocations where token_version = 2147483647;
drop table access_revocations;
alter table users drop column token_version;
