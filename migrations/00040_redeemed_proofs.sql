-- Solutions of proofs of work that were used, until they expire: each works once, in all processes.

-- +goose Up

-- Unlogged, because nobody has to wait for the disk: after a crash of the server it is empty, and
-- the solutions of the last ten minutes could be used once more.
create unlogged table redeemed_proofs (
    nonce       bytea       primary key,
    redeemed_by bytea       not null, -- SHA-256 of the name of the request, which may be repeated
    expires_at  timestamptz not null
);

-- +goose Down

drop table redeemed_proofs;
