-- Search titles and venues without regard to accents, and sort titles as people do.

-- +goose Up

-- Both keys are computed by the program, which fills them in for the rows that are there. Programs of
-- an older version write rows without them: keys_version says at which version of the row they were
-- computed, and keys of another version are computed anew.
alter table events
    add column search_key   text collate "C" not null default '',
    add column sort_key     text collate "C" not null default '',
    add column keys_version int not null default 0;

create index events_search on events using gin (search_key gin_trgm_ops);
create index events_by_sort_key on events (sort_key, id) include (search_key, starts_at);
drop index events_title_search;
drop index events_by_title;

-- The other orders include what lists are filtered by, so that a page far from the start is found in
-- the index.
drop index events_by_date;
drop index events_by_displayed_price;
create index events_by_date on events (starts_at, id) include (search_key);
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id)
    include (search_key, starts_at, price_minor, currency);

-- A list of bookings is read a page at a time.
drop index bookings_by_user;
create index bookings_by_user on bookings (user_id, created_at desc, id desc);

-- +goose Down

drop index bookings_by_user;
create index bookings_by_user on bookings (user_id, created_at desc, id);
drop index events_by_displayed_price;
drop index events_by_date;
create index events_by_date on events (starts_at, id) include (title_key);
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id) include (title_key, price_minor, currency);
create index events_by_title on events (title_key, id);
create index events_title_search on events using gin (title_key gin_trgm_ops);
drop index events_by_sort_key;
drop index events_search;
alter table events
    drop column keys_version,
    drop column sort_key,
    drop column search_key;
