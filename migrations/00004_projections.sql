-- What keeps the read models honest: what was applied and what could not be, and lists that stay
-- fast when they are long.

-- +goose Up

-- The first record of a stream that a projection could not apply. It and the later ones of its
-- stream wait, in the log.
create table parked_records (
    projection     text        not null,
    stream_id      uuid        not null,
    version        int         not null,
    position       bigint      not null,
    reason         text        not null,
    correlation_id text        not null,
    parked_at      timestamptz not null default now(),
    primary key (projection, stream_id)
);

-- What each projection has applied, counted and hashed by ranges of 10,000 positions, to be
-- compared with the log.
create table applied_ranges (
    projection     text   not null,
    first_position bigint not null,
    records        bigint not null,
    hash           bigint not null, -- xor of the first 8 bytes of the records' hashes
    primary key (projection, first_position)
) with (fillfactor = 50);

-- What was applied before anybody counted is taken on trust.
insert into applied_ranges (projection, first_position, records, hash)
select c.name, (e.position - 1) / 10000 * 10000 + 1, count(*), bit_xor(('x' || encode(substring(e.hash from 1 for 8), 'hex'))::bit(64)::bigint)
from projection_checkpoints c
join event_log e on e.position <= c.position
group by 1, 2;

alter table projection_checkpoints
    alter column holder type text, -- a name that tells people which process it is
    add column listing bigint not null default 0; -- grows when rows of the read model come or are renamed: the totals of its lists are good as long as it stays
alter table projection_checkpoints set (fillfactor = 50);

-- Lists are filtered by title within the index of their order, so that a page far from the start
-- reads the index and not the rows.
drop index events_by_date;
drop index events_by_price;
create index events_by_date  on events (starts_at, id) include (title_key);
create index events_by_price on events (price_minor, id) include (title_key);
-- An event's row changes with every page of its bookings. As long as the new version fits beside
-- the old one, no index needs to know.
alter table events set (fillfactor = 50);

-- +goose Down

alter table events reset (fillfactor);
drop index events_by_price;
drop index events_by_date;
create index events_by_date  on events (starts_at, id);
create index events_by_price on events (price_minor, id);
alter table projection_checkpoints reset (fillfactor);
alter table projection_checkpoints
    drop column listing,
    alter column holder type uuid using null;
drop table applied_ranges;
drop table parked_records;
