-- Evidence for auditors: signed checkpoints of the log, and accesses to the audit.

-- +goose Up

-- The first size records of the log have this Merkle root. The note is the signed statement of it;
-- the next checkpoint continues from compact_range.
create table audit_checkpoints (
    size          bigint      primary key check (size > 0),
    root          bytea       not null check (octet_length(root) = 32),
    compact_range bytea       not null,
    note          text        not null,
    created_at    timestamptz not null default now()
);

-- Roots of complete subtrees of 256 records and more, derived from the log, for fast proofs.
create table audit_tree_nodes (
    height smallint not null,
    index  bigint   not null,
    hash   bytea    not null check (octet_length(hash) = 32),
    primary key (height, index)
);

-- Accesses to the audit.
create table audit_reads (
    id         bigint      generated always as identity primary key,
    user_id    uuid        not null,
    operation  text        not null,
    target     text        not null,
    request_id text        not null,
    read_at    timestamptz not null default now()
);

-- For the list of streams.
create index event_log_streams on event_log (position) where version = 1;

-- +goose StatementBegin
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
-- +goose StatementEnd

create trigger audit_checkpoints_no_change before update or delete on audit_checkpoints
    for each row execute function audit_is_append_only();
create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints
    for each statement execute function audit_is_append_only();
create trigger audit_reads_no_change before update or delete on audit_reads
    for each row execute function audit_is_append_only();
create trigger audit_reads_no_truncate before truncate on audit_reads
    for each statement execute function audit_is_append_only();

-- +goose Down

drop index event_log_streams;
drop table audit_reads;
drop table audit_tree_nodes;
drop table audit_checkpoints;
drop function audit_is_append_only();
