-- Which events their holders were reminded of, so that they are reminded once for each beginning.

-- +goose Up

create table event_reminders (
    event_id  uuid        not null,
    starts_at timestamptz not null,
    primary key (event_id, starts_at)
);
create index event_reminders_by_start on event_reminders (starts_at);

-- +goose Down

drop table event_reminders;
