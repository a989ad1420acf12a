-- What events say of themselves since schema version 2 of their records. Rows of older records have
-- none of it.

-- +goose Up

alter table events
    add column category              text    not null default '',
    add column ends_at               timestamptz,
    add column image                 text    not null default '',
    add column organizer_name        text    not null default '',
    add column require_proof_of_work boolean not null default false;

create index events_by_category on events (category, starts_at, id) include (search_key);

-- +goose Down

drop index events_by_category;
alter table events
    drop column require_proof_of_work,
    drop column organizer_name,
    drop column image,
    drop column ends_at,
    drop column category;
