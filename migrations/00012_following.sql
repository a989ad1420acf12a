-- A database whose log comes from another one says so, lest somebody books in it and the two go
-- apart.

-- +goose Up

create table following (
    only_row boolean     primary key default true check (only_row),
    since    timestamptz not null default now()
);

-- +goose Down

drop table following;
