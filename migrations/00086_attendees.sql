-- Search attendees by name and e-mail address, without regard to case and accents.

-- +goose Up

-- The same as the program does with what is searched for. Accents go first: lower() knows no letters
-- that have some where the database has the locale C.
create function folded(text) returns text
    language sql immutable strict parallel safe
    return translate(
        replace(replace(replace(replace(
            lower(translate(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g'), 'ÆŒÞ', 'æœþ')),
            'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ß', 'ss'),
        'øłđħıŧðØŁĐĦŦÐ', 'oldhitdoldhtd');

create index users_by_words on users using gin (folded(name || ' ' || email) gin_trgm_ops);

-- +goose Down

drop index users_by_words;
drop function folded(text);
