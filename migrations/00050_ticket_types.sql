-- Ticket types, sale windows and drafts of events, and what bookings are for.

-- +goose Up

-- Rows that are there mean the same as before: one ticket type with the price of the event, on sale
-- until the event begins, of which each customer books one.
alter table events
    add column ticket_types     jsonb       not null default '[]', -- none: General admission, at the event's price
    add column taken            jsonb       not null default '{}', -- tickets sold or set aside, by the ids of types other than 1
    add column max_per_customer int         not null default 1,
    add column sale_opens_at    timestamptz,
    add column sale_closes_at   timestamptz,
    add column published        boolean     not null default true; -- a draft is not

alter table bookings
    add column lines    jsonb not null default '[{"type": 1, "quantity": 1}]',
    add column currency text  not null default ''; -- empty: the prices are not known

-- Lists of customers leave drafts out, and must find that in the index.
drop index events_by_date;
drop index events_by_displayed_price;
drop index events_by_sort_key;
create index events_by_date on events (starts_at, id) include (search_key, published);
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id)
    include (search_key, starts_at, price_minor, currency, published);
create index events_by_sort_key on events (sort_key, id) include (search_key, starts_at, published);

-- +goose Down

drop index events_by_sort_key;
drop index events_by_displayed_price;
drop index events_by_date;
create index events_by_date on events (starts_at, id) include (search_key);
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id)
    include (search_key, starts_at, price_minor, currency);
create index events_by_sort_key on events (sort_key, id) include (search_key, starts_at);

alter table bookings
    drop column currency,
    drop column lines;
alter table events
    drop column published,
    drop column sale_closes_at,
    drop column sale_opens_at,
    drop column max_per_customer,
    drop column taken,
    drop column ticket_types;
