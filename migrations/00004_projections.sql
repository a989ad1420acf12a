-- Records that could not be applied, checksums of those that were, and indexes for long lists.

-- +goose Up

-- The first record of a stream that a projection could not apply. It and later ones of its stream
-- stay pending in the log.
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

-- Count and checksum of the applied records, by ranges of 10,000 positions, to compare with the
-- log.
create table applied_ranges (
    projection     text   not null,
    first_position bigint not null,
    records        bigint not null,
    hash           bigint not null, -- XOR of the first 8 bytes of the records' hashes
    primary key (projection, first_position)
) with (fillfactor = 50);

-- Records applied before this migration are assumed to be complete.
insert into applied_ranges (projection, first_position, records, hash)
select c.name, (e.position - 1) / 10000 * 10000 + 1, count(*), bit_xor(('x' || encode(substring(e.hash from 1 for 8), 'hex'))::bit(64)::bigint)
from projection_checkpoints c
join event_log e on e.position <= c.position
group by 1, 2;

alter table projection_checkpoints
    alter column holder type text, -- a readable name of the process
    add column listing bigint not null default 0; -- grows when rows are added or renamed: until then, cached totals of lists are valid
alter table projection_checkpoints set (fillfactor = 50);

-- The indexes include the title, so that a search far from the start reads the index and not the
-- rows.
drop index events_by_date;
drop index events_by_price;
create index events_by_date  on events (starts_at, id) include (title_key);
create index events_by_price on events (price_minor, id) include (title_key);
-- The row of an event is updated for every page of its bookings. With free space in the page, these
-- are HOT updates, which leave indexes alone.
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
