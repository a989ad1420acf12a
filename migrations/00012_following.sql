-- Marks a database whose log is copied from another one, so that nothing else appends to it.

-- +goose Up

create table following (
    only_row boolean     primary key default true check (only_row),
    since    timestamptz not null default now()
);

-- +goose Down

drop table following;
