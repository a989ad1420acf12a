-- Where a projection stands because the program that ran it is older than the log.

-- +goose Up

-- The position of the record that its last holder did not know. It counts while it is the next one.
alter table projection_checkpoints add column unknown_record bigint;

-- +goose Down

alter table projection_checkpoints drop column unknown_record;
