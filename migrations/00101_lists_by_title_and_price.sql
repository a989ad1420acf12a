-- Filter lists in order of title or price by their state and price in the index: reading the row of
-- each event that is passed over took ten times as long.

-- +goose Up

drop index events_by_sort_key;
drop index events_by_displayed_price;
create index events_by_sort_key on events (sort_key, id)
    include (search_key, starts_at, published, status, price_minor, currency);
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id)
    include (search_key, starts_at, price_minor, currency, published, status);

-- +goose Down

drop index events_by_displayed_price;
drop index events_by_sort_key;
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id)
    include (search_key, starts_at, price_minor, currency, published);
create index events_by_sort_key on events (sort_key, id) include (search_key, starts_at, published);
