-- A log is copied by replication of PostgreSQL. The program's own way of copying it, serve --follow, is gone.

-- +goose Up

-- A copy that takes bookings of its own goes apart from the log that it is a copy of, so its operator has to decide.
-- +goose StatementBegin
do $$
begin
    if exists (select from following) then
        raise exception 'this database is a copy of another log, made by serve --follow, which is gone'
            using hint = 'Use a streaming replica instead. To make this copy a system of its own, for ever: delete from following';
    end if;
end $$;
-- +goose StatementEnd

drop table following;

-- +goose Down

create table following (
    only_row boolean     primary key default true check (only_row),
    since    timestamptz not null default now()
);
