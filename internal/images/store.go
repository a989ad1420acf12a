package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

var (
	// ErrNotFound means that no picture has the id.
	ErrNotFound = errors.New("no such picture")
	// ErrBusy means that other pictures are decoded right now.
	ErrBusy = errors.New("too many pictures at once")
	// ErrTooMany means that the user has uploaded MaxPerDay pictures in a day.
	ErrTooMany = errors.New("too many pictures of one user")
)

const (
	// MaxPerDay is how many pictures a user can upload in 24 hours. So nobody has more that no event
	// shows, because those are deleted after a day.
	MaxPerDay = 100
	// unusedFor is how long a picture is kept that no event shows.
	unusedFor = 24 * time.Hour
	// decodeTimeout is how long an upload waits for others to be decoded.
	decodeTimeout = 10 * time.Second

	// Files that are read often are kept in memory: pages of events show the same ones to everybody.
	cachedFiles   = 64
	maxCachedFile = 512 << 10
	cachedSizes   = 4096
)

// Image is a picture that is stored.
type Image struct {
	ID            string // SHA-256 of the largest version, in hexadecimal
	Width, Height int    // of the largest version, in pixels
}

// Store keeps pictures. Make one with [NewStore].
type Store struct {
	pool    *pgxpool.Pool
	decoder chan struct{} // held by the one upload that is decoded
	sizes   *lru.Cache[string, Image]
	files   *lru.Cache[fileName, *File]
}

// File is a picture in one width.
type File struct {
	ID    string
	Width int
	Data  []byte // a JPEG, not to be changed
}

// ETag is the same for the same data.
func (f *File) ETag() string { return fmt.Sprintf(`"%s-%d"`, f.ID, f.Width) }

// fileName is what a file was asked for by.
type fileName struct {
	id    string
	width int
}

// NewStore uses pool, which stays the caller's and was configured with
// [eventstore.ConfigureCommits]. Methods that write return [eventstore.ErrOutcomeUnknown] when it
// can't be known whether the write is durable.
func NewStore(pool *pgxpool.Pool) *Store {
	sizes, errSizes := lru.New[string, Image](cachedSizes)
	files, errFiles := lru.New[fileName, *File](cachedFiles)
	if err := errors.Join(errSizes, errFiles); err != nil {
		panic(err) // the sizes are constants
	}
	return &Store{pool: pool, decoder: make(chan struct{}, 1), sizes: sizes, files: files}
}

// Add stores a picture of a user. The same picture again is the same one. Errors are
// [*InvalidError], [ErrTooMany], [ErrBusy] and those of the database.
func (s *Store) Add(ctx context.Context, user uuid.UUID, data []byte) (Image, error) {
	if err := s.checkNumber(ctx, user); err != nil {
		return Image{}, err
	}
	versions, err := s.decode(ctx, data)
	if err != nil {
		return Image{}, err
	}
	widths, files := make([]int, len(versions)), make([][]byte, len(versions))
	for i, v := range versions {
		widths[i], files[i] = v.width, v.data
	}
	largest := versions[len(versions)-1]
	sum := sha256.Sum256(largest.data)
	img := Image{hex.EncodeToString(sum[:]), largest.width, largest.height}
	_, err = s.write(ctx, `
		with added as (
			insert into images (id, width, height, uploaded_by, uploaded_at, kept_until)
			values ($1, $2, $3, $4, now(), now() + $5)
			on conflict (id) do update set kept_until = greatest(images.kept_until, excluded.kept_until)
			returning id)
		insert into image_files (image_id, width, data)
		select added.id, f.width, f.data
		from added, unnest($6::int[], $7::bytea[]) as f (width, data)
		on conflict do nothing`, img.ID, img.Width, img.Height, user, unusedFor, widths, files)
	if err != nil {
		return Image{}, fmt.Errorf("store a picture: %w", err)
	}
	return img, nil
}

// checkNumber comes before the work. Uploads at the same moment can exceed the number a little.
func (s *Store) checkNumber(ctx context.Context, user uuid.UUID) error {
	var number int
	err := s.pool.QueryRow(ctx, `
		select count(*)
		from images
		where uploaded_by = $1 and uploaded_at > now() - interval '24 hours'`, user).Scan(&number)
	if err != nil {
		return fmt.Errorf("count pictures: %w", err)
	}
	if number >= MaxPerDay {
		return ErrTooMany
	}
	return nil
}

// decode makes the versions of a picture, of one at a time, which bounds the memory that it takes.
func (s *Store) decode(ctx context.Context, data []byte) ([]version, error) {
	waiting, stop := context.WithTimeout(ctx, decodeTimeout)
	defer stop()
	select {
	case s.decoder <- struct{}{}:
		defer func() { <-s.decoder }()
		return versionsOf(data)
	case <-waiting.Done():
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, ErrBusy
	}
}

// File returns the least version of a picture that has width, or the largest that there is; 0 asks
// for the largest. The error is [ErrNotFound] if there is no such picture.
func (s *Store) File(ctx context.Context, id string, width int) (*File, error) {
	for _, w := range widths() {
		if 0 < width && width <= w { // so that few files are kept in memory
			width = w
			break
		}
	}
	name := fileName{id, width}
	if found, ok := s.files.Get(name); ok {
		return found, nil
	}
	found := &File{ID: id}
	err := s.pool.QueryRow(ctx, `
		select width, data
		from image_files
		where image_id = $1
		order by $2 between 1 and width desc, case when $2 between 1 and width then width else -width end
		limit 1`, id, width).Scan(&found.Width, &found.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read picture %s: %w", id, err)
	}
	if len(found.Data) <= maxCachedFile {
		s.files.Add(name, found)
	}
	return found, nil
}

// Find returns those of some pictures that are there, by id.
func (s *Store) Find(ctx context.Context, ids ...string) (map[string]Image, error) {
	found := make(map[string]Image, len(ids))
	var unknown []string
	for _, id := range ids {
		if img, ok := s.sizes.Get(id); ok {
			found[id] = img
		} else {
			unknown = append(unknown, id)
		}
	}
	if unknown == nil {
		return found, nil
	}
	rows, _ := s.pool.Query(ctx, `select id, width, height from images where id = any($1)`, unknown)
	read, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Image])
	if err != nil {
		return nil, fmt.Errorf("find pictures: %w", err)
	}
	for _, img := range read {
		found[img.ID] = img
		s.sizes.Add(img.ID, img)
	}
	return found, nil
}

// Keep reports whether there is a picture, and keeps it for good: a record is going to name it, and
// is part of the history also when the event has another picture.
func (s *Store) Keep(ctx context.Context, id string) (isThere bool, err error) {
	tag, err := s.write(ctx, `update images set kept_until = 'infinity' where id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("keep picture %s: %w", id, err)
	}
	return tag.RowsAffected() > 0, nil
}

// write runs one statement and returns when it is durable.
func (s *Store) write(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = eventstore.Commit(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err = tx.Exec(ctx, sql, args...)
		return err
	})
	return tag, err
}

// DeleteUnused deletes pictures that no event has had within a day, and returns how many there were.
func (s *Store) DeleteUnused(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, `delete from images where kept_until < now()`)
	if err != nil {
		return 0, fmt.Errorf("delete unused pictures: %w", err)
	}
	return tag.RowsAffected(), nil
}
