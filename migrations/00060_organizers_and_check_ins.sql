-- Who organizes events beside their owners, whose tickets are checked in, and administrators.

-- +goose Up

-- Rows that are there mean the same as before: nobody had a role, and nobody was checked in.
alter table events
    add column organizers jsonb not null default '{}'; -- roles of co-organizers, by their ids
alter table bookings
    add column check_ins jsonb not null default '[]'; -- [{"type": 1, "number": 1, "at": "…", "by": "…"}]

create index events_by_co_organizer on events using gin (organizers) where organizers <> '{}';
create index bookings_by_event on bookings (event_id, created_at, id);

alter table users drop constraint users_role_check;
alter table users
    add constraint users_role_check check (role in ('customer', 'organizer', 'auditor', 'admin'));

-- +goose Down

update users set role = 'organizer' where role = 'admin';
alter table users drop constraint users_role_check;
alter table users
    add constraint users_role_check check (role in ('customer', 'organizer', 'auditor'));
drop index bookings_by_event;
drop index events_by_co_organizer;
alter table bookings drop column check_ins;
alter table events drop column organizers;
