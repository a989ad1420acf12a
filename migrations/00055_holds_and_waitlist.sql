-- The read models of holds and of the waiting list.

-- +goose Up

create table holds (
    id         uuid        primary key, -- an offer has the id of its entry on the waiting list
    event_id   uuid        not null,
    user_id    uuid        not null,
    status     text        not null,
    offered    boolean     not null,
    currency   text        not null,
    lines      jsonb       not null,
    expires_at timestamptz not null,
    version    int         not null
);
-- Most holds are over: no index has those.
create index holds_due     on holds (expires_at, event_id) where status = 'HELD';
create index holds_by_user on holds (user_id, expires_at, id) where status = 'HELD';

create table waitlist (
    id             uuid        primary key,
    event_id       uuid        not null,
    user_id        uuid        not null,
    status         text        not null,
    lines          jsonb       not null,
    joined_version int         not null, -- of the event's stream: who joined first comes first
    joined_at      timestamptz not null,
    version        int         not null
);
create index waitlist_by_order on waitlist (event_id, joined_version) where status = 'WAITING';
create index waitlist_by_user  on waitlist (user_id, joined_at, id) where status in ('WAITING', 'OFFERED');

-- All reads wait for the slowest read model. Where no record is about holds yet, both are as far as that
-- of bookings without reading the log: it changes none of their rows.
select from projection_checkpoints where name = 'bookings' for update;

insert into projection_checkpoints (name, position)
select n.name, c.position
from projection_checkpoints c
cross join (values ('holds'), ('waitlist')) as n (name)
where c.name = 'bookings'
    and not exists (select from event_log where type in ('TicketsHeld', 'TicketsOffered', 'WaitlistJoined'));

insert into applied_ranges (projection, first_position, records, hash)
select c.name, a.first_position, a.records, a.hash
from applied_ranges a
join projection_checkpoints c on c.name in ('holds', 'waitlist')
where a.projection = 'bookings';

insert into parked_records (projection, stream_id, version, position, reason, correlation_id, parked_at)
select c.name, p.stream_id, p.version, p.position, p.reason, p.correlation_id, p.parked_at
from parked_records p
join projection_checkpoints c on c.name in ('holds', 'waitlist')
where p.projection = 'bookings';

-- +goose Down

delete from parked_records where projection in ('holds', 'waitlist');
delete from applied_ranges where projection in ('holds', 'waitlist');
delete from projection_checkpoints where name in ('holds', 'waitlist');
drop table waitlist;
drop table holds;
