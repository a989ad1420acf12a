-- Verifications that were started through the API, with their progress and result.

-- +goose Up

create table audit_verifications (
    id          uuid        primary key, -- of version 7, so that ids ascend with time
    stream_id   uuid,                    -- null: the whole log
    started_by  uuid        not null,
    started_at  timestamptz not null,
    state       text        not null default 'running' check (state in ('running', 'passed', 'failed', 'broken')),
    phase       text        not null default 'records',
    done        bigint      not null default 0,
    total       bigint      not null default 0,
    saved       bytea,                   -- where another process goes on
    attempts    int         not null default 0,
    holder      uuid,                    -- the process that works on it
    lease_until timestamptz,
    finished_at timestamptz,
    report      json,
    error       text
);
create unique index audit_verifications_one_at_a_time on audit_verifications (state) where state = 'running';

-- +goose Down

drop table audit_verifications;
