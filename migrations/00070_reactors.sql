-- Side effects: how far each reactor is, messages that wait for one, and those that never worked.

-- +goose Up

-- One row per reactor: the offset of its consumer group in the log, and the lease that lets one
-- process at a time run it. A reactor of a queue has no offset: its position stays 0.
create table reactor_offsets (
    name           text        primary key,
    position       bigint      not null default 0,
    updated_at     timestamptz not null default now(),
    holder         text,
    fence          bigint      not null default 0,
    lease_until    timestamptz,
    unknown_record bigint
) with (fillfactor = 50);

-- What is handled is deleted. A message with the same key is queued once.
create table reactor_queue (
    id        bigint      generated always as identity primary key,
    topic     text        not null,
    key       text        not null,
    payload   text        not null,
    metadata  text        not null, -- of the watermill message: a JSON object of strings
    queued_at timestamptz not null default now(),
    unique (topic, key)
);
create index reactor_queue_in_order on reactor_queue (topic, id);

-- Messages that a reactor could not handle, until an operator has them handled again or drops them.
create table poisoned_messages (
    id             bigint      generated always as identity primary key,
    reactor        text        not null,
    message_id     text        not null,
    payload        text        not null,
    metadata       text        not null,
    reason         text        not null,
    correlation_id text        not null,
    poisoned_at    timestamptz not null default now(),
    retry          boolean     not null default false, -- an operator wants it to be handled again
    unique (reactor, message_id)
);

-- +goose Down

drop table poisoned_messages;
drop table reactor_queue;
drop table reactor_offsets;
