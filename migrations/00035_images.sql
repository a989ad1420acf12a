-- The pictures of events.

-- +goose Up

create table images (
    -- SHA-256 of the largest file, in hexadecimal: what is served under an id never changes.
    id          text        collate "C" primary key check (id ~ '^[0-9a-f]{64}$'),
    width       int         not null check (width > 0), -- of the largest file
    height      int         not null check (height > 0),
    uploaded_by uuid        not null,
    uploaded_at timestamptz not null,
    -- A picture is deleted then. It is kept for good once an event is to have it.
    kept_until  timestamptz not null
);
create index images_by_user on images (uploaded_by, uploaded_at);
create index images_by_end on images (kept_until);

create table image_files (
    image_id text  collate "C" not null references images on delete cascade,
    width    int   not null check (width > 0),
    data     bytea not null,
    primary key (image_id, width)
);
alter table image_files alter column data set storage external; -- JPEG does not compress

-- +goose Down

drop table image_files;
drop table images;
