-- The log: all records of all events, in one order. Records are never changed or deleted.

-- +goose Up

-- One row with the last position. Every append locks it until its commit, so positions have no gaps
-- and follow the order of commits.
create table log_head (
    only_row boolean primary key default true check (only_row),
    position bigint not null check (position >= 0)
);
insert into log_head (position) values (0);

-- json and not jsonb: the hash covers the bytes as they were written.
create table event_log (
    position       bigint      primary key check (position > 0),
    stream_id      uuid        not null,
    version        int         not null check (version > 0),
    type           text        not null check (type <> ''),
    schema_version smallint    not null check (schema_version > 0),
    data           json        not null,
    metadata       json        not null,
    recorded_at    timestamptz not null,
    hash           bytea       not null check (octet_length(hash) = 32),
    constraint event_log_stream_version unique (stream_id, version)
);

-- +goose StatementBegin
create function event_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'event_log is append-only: % refused', tg_op using errcode = 'restrict_violation';
end $$;
-- +goose StatementEnd

create trigger event_log_no_change before update or delete on event_log
    for each row execute function event_log_is_append_only();
create trigger event_log_no_truncate before truncate on event_log
    for each statement execute function event_log_is_append_only();

-- The database enforces what the program already guarantees: an append continues the log and each
-- of its streams without a gap.
-- +goose StatementBegin
create function event_log_is_gapless() returns trigger language plpgsql as $$
declare
    gapless boolean;
begin
    select max(a.position) - min(a.position) + 1 = count(*)
            and max(a.position) = (select position from log_head)
            and bool_and(a.version = 1 or exists (
                select from event_log l where l.stream_id = a.stream_id and l.version = a.version - 1))
        into gapless
        from added a;
    if not gapless then
        raise exception 'event_log has no gaps: refused positions or versions that do not follow' using errcode = 'check_violation';
    end if;
    return null;
end $$;
-- +goose StatementEnd

create trigger event_log_no_gap after insert on event_log
    referencing new table as added
    for each statement execute function event_log_is_gapless();

-- States of long streams. They are derived from the log and can be deleted at any time.
create table snapshots (
    stream_id uuid  primary key,
    version   int   not null,
    hash      bytea not null,
    digest    bytea not null,
    state     bytea not null
);
alter table snapshots alter column state set storage external; -- ids don't compress

-- +goose Down

drop table snapshots;
drop table event_log;
drop function event_log_is_append_only();
drop function event_log_is_gapless();
drop table log_head;
