-- The hash of an appended record must follow from the stored record before it. Otherwise a process
-- whose cache is of another history, as after a restore, could fork a stream whose versions happen
-- to match.

-- +goose Up

-- The hash is computed as in Record.Sum of package eventstore: SHA-256 of the previous hash and the
-- record. The message is unchanged, because processes of the previous version recognize it.
-- +goose StatementBegin
create or replace function event_log_is_gapless() returns trigger language plpgsql as $$
declare
    follows boolean;
begin
    select max(a.position) - min(a.position) + 1 = count(*)
            and max(a.position) = (select position from log_head)
            and bool_and(case a.version
                when 1 then a.hash = sha256(decode(repeat('00', 32), 'hex') || a.content)
                else exists (
                    select from event_log l
                    where l.stream_id = a.stream_id and l.version = a.version - 1 and a.hash = sha256(l.hash || a.content))
                end)
        into follows
        from (
            select position, stream_id, version, hash,
                uuid_send(stream_id) || int4send(version)
                || int8send((extract(epoch from recorded_at) * 1000000)::bigint) || int2send(schema_version)
                || int4send(octet_length(convert_to(type, 'UTF8'))) || convert_to(type, 'UTF8')
                || int4send(octet_length(convert_to(data::text, 'UTF8'))) || convert_to(data::text, 'UTF8')
                || int4send(octet_length(convert_to(metadata::text, 'UTF8'))) || convert_to(metadata::text, 'UTF8') as content
            from added
        ) a;
    if not follows then
        raise exception 'event_log has no gaps: refused positions or versions that do not follow'
            using errcode = 'check_violation', detail = 'A position, a version or a hash does not continue what is stored.';
    end if;
    return null;
end $$;
-- +goose StatementEnd

-- +goose Down

-- +goose StatementBegin
create or replace function event_log_is_gapless() returns trigger language plpgsql as $$
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
