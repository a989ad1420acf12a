-- Sessions as people see them, and links with which somebody proves to own an e-mail address.

-- +goose Up

-- Coarse, such as "Firefox on Windows".
alter table refresh_tokens add column device text not null default '';
alter table users add column email_verified_at timestamptz;

-- Only the SHA-256 of a link's token is stored. Using a link deletes it.
create table account_links (
    token_hash bytea       primary key check (octet_length(token_hash) = 32),
    user_id    uuid        not null references users (id) on delete cascade,
    purpose    text        not null check (purpose in ('reset_password', 'verify_email')),
    email      text        not null, -- where the link is sent; the user's own from then on
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index account_links_by_user on account_links (user_id);

-- +goose Down

drop table account_links;
alter table users drop column email_verified_at;
alter table refresh_tokens drop column device;
