-- Sort events by the displayed number: 25.00 EUR comes before 2,400 JPY.

-- +goose Up

-- The displayed number for an amount in minor units of a currency. Other currencies have two
-- decimals. An index uses the function, so it must never change: another list needs another
-- function and another index.
create function displayed_price(minor bigint, currency text) returns numeric
    language sql immutable parallel safe
    return minor * case
        when currency in (
            'ADP', 'AFN', 'ALL', 'AMD', 'BIF', 'BYR', 'CLP', 'COP', 'DJF', 'ESP', 'GNF', 'GYD', 'IDR', 'IQD', 'IRR', 'ISK', 'ITL', 'JPY',
            'KMF', 'KPW', 'KRW', 'LAK', 'LBP', 'LUF', 'MGA', 'MGF', 'MMK', 'MNT', 'MRO', 'MUR', 'PKR', 'PYG', 'RSD', 'RWF', 'SLL', 'SOS',
            'STD', 'SYP', 'TMM', 'TRL', 'TZS', 'UGX', 'UYI', 'UZS', 'VND', 'VUV', 'XAF', 'XOF', 'XPF', 'YER', 'ZMK', 'ZWD') then 1
        when currency in ('BHD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 0.001
        when currency = 'CLF' then 0.0001
        else 0.01
    end;

-- For index-only scans PostgreSQL needs the columns of the expression in the index, too. Creating
-- it does not block reads.
create index events_by_displayed_price on events (displayed_price(price_minor, currency), id) include (title_key, price_minor, currency);
drop index events_by_price;

-- +goose Down

create index events_by_price on events (price_minor, id) include (title_key);
drop index events_by_displayed_price;
drop function displayed_price;
