package images_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/images"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type bundle struct {
	*images.Store
	*testing.T
	pool *pgxpool.Pool
}

func setup(t *testing.T) bundle {
	t.Helper()
	pool := dbtest.Pool(t)
	return bundle{images.NewStore(pool), t, pool}
}

func (b bundle) add(user uuid.UUID, width, height int) images.Image {
	b.Helper()
	img, err := b.Add(b.Context(), user, pngOf(b, quadrants(width, height)))
	dbtest.Must(b, err)
	return img
}

func (b bundle) exec(sql string, args ...any) {
	b.Helper()
	_, err := b.pool.Exec(b.Context(), sql, args...)
	dbtest.Must(b, err)
}

// stored is how many pictures and files there are.
func (b bundle) stored() string {
	b.Helper()
	var pictures, files int
	dbtest.Must(b, b.pool.QueryRow(b.Context(), `
		select (select count(*) from images), (select count(*) from image_files)`).
		Scan(&pictures, &files))
	return fmt.Sprintf("%d pictures, %d files", pictures, files)
}

func TestAPictureIsKnownByWhatIsKeptOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	img := b.add(uuid.New(), 1200, 800)
	if img.Width != 1200 || img.Height != 800 {
		t.Errorf("got %+v", img)
	}
	largest, err := b.File(t.Context(), img.ID, 0)
	dbtest.Must(t, err)
	if sum := sha256.Sum256(largest.Data); hex.EncodeToString(sum[:]) != img.ID {
		t.Errorf("the id is not the hash of the largest file")
	}
	for asked, want := range map[int]int{0: 1200, 1: 480, 480: 480, 481: 960, 960: 960, 1600: 1200} {
		for range 2 { // from the database, and from memory
			if got, err := b.File(t.Context(), img.ID, asked); err != nil || got.Width != want {
				t.Errorf("width %d: got %+v, %v, want %d", asked, got, err, want)
			}
		}
	}
	if _, err := b.File(t.Context(), strings.Repeat("0", 64), 480); !errors.Is(err, images.ErrNotFound) {
		t.Errorf("got %v, want %v", err, images.ErrNotFound)
	}
}

func TestTheSamePictureIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, again := b.add(uuid.New(), 640, 480), b.add(uuid.New(), 640, 480)
	if first != again || b.stored() != "1 pictures, 2 files" {
		t.Errorf("got %v and %v, %s", first, again, b.stored())
	}
}

func TestSizesAreFoundForThosePicturesThatAreThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	img, other := b.add(uuid.New(), 640, 480), b.add(uuid.New(), 320, 200)
	for range 2 {
		got, err := b.Find(t.Context(), img.ID, strings.Repeat("0", 64), other.ID)
		if err != nil || len(got) != 2 || got[img.ID] != img || got[other.ID] != other {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestNothingIsStoredOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var invalid *images.InvalidError
	if _, err := b.Add(t.Context(), uuid.New(), []byte("<svg/>")); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	if got := b.stored(); got != "0 pictures, 0 files" {
		t.Errorf("there are %s", got)
	}
}

func TestAUserCanUploadSoManyPicturesADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := uuid.New()
	b.exec(`
		insert into images (id, width, height, uploaded_by, uploaded_at, kept_until)
		select lpad(to_hex(n), 64, '0'), 1, 1, $1, now() - n * interval '10 minutes', now()
		from generate_series(1, $2) n`, user, images.MaxPerDay)
	// What is wrong with the file is not even looked at.
	if _, err := b.Add(t.Context(), user, nil); !errors.Is(err, images.ErrTooMany) {
		t.Errorf("got %v, want %v", err, images.ErrTooMany)
	}
	b.add(uuid.New(), 10, 10)
	b.exec(`update images set uploaded_at = uploaded_at - interval '8 hours'`)
	b.add(user, 20, 20)
}

func TestUnusedPicturesAreDeletedAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := uuid.New()
	unused, used, young := b.add(user, 10, 10), b.add(user, 20, 20), b.add(user, 30, 30)
	isThere, err := b.Keep(t.Context(), used.ID)
	if err != nil || !isThere {
		t.Fatalf("got %v, %v", isThere, err)
	}
	again := b.add(user, 20, 20)
	if again != used {
		t.Errorf("got %v, want %v", again, used)
	}
	b.exec(`update images set kept_until = kept_until - interval '25 hours' where id <> $1`, young.ID)

	if n, err := b.DeleteUnused(t.Context()); err != nil || n != 1 {
		t.Errorf("deleted %d, %v, want 1", n, err)
	}
	if got := b.stored(); got != "2 pictures, 2 files" {
		t.Errorf("there are %s", got)
	}
	for img, want := range map[images.Image]bool{unused: false, used: true, young: true} {
		if isThere, err := b.Keep(t.Context(), img.ID); err != nil || isThere != want {
			t.Errorf("%v: got %v, %v, want %v", img, isThere, err, want)
		}
	}
}
