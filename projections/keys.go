package projections

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// An index limits the size of its entries to 2,704 bytes, and one character can become many. Keys are
// cut; the rest is neither searched nor sorted by.
const (
	maxTitleKey = 1000 // bytes
	maxVenueKey = 500
	maxSortKey  = 256
)

// withoutMarks replaces letters that Unicode does not decompose by how people type them who do not
// have them on their keyboard.
var withoutMarks = strings.NewReplacer(
	"ø", "o", "ł", "l", "đ", "d", "ħ", "h", "ı", "i", "ŧ", "t", "æ", "ae", "œ", "oe", "ð", "d", "þ", "th")

// fold makes texts comparable without regard to case, accents and width, both titles and searches.
// Words are separated by single spaces.
func fold(text string) string {
	unmarked := transform.Chain(cases.Fold(), norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold())
	folded, _, err := transform.String(unmarked, text)
	if err != nil { // the transformers fail only for text that is not UTF-8
		folded = text
	}
	return strings.Join(strings.Fields(withoutMarks.Replace(folded)), " ")
}

// searchWords are the words of a search, all of which an event must have.
func searchWords(search string) []string {
	words := strings.Fields(fold(search))
	return words[:min(len(words), maxWords)]
}

// maxWords bounds the cost of a search. More words hardly narrow it.
const maxWords = 10

// collators sort by the root of the Unicode collation, which is right for most languages. Making one
// takes ten times as long as a key, and one can't be shared.
var collators = sync.Pool{New: func() any { return collate.New(language.Und) }}

// sortKeyOf is a text that sorts by its bytes as the title does in a list for people.
func sortKeyOf(title string) string {
	c, _ := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	key := c.KeyFromString(new(collate.Buffer), title)
	return hex.EncodeToString(key[:min(len(key), maxSortKey)])
}

// titleKeyOf is the key that older versions of the program search and sort by.
func titleKeyOf(title string) string {
	return cut(cases.Fold().String(norm.NFKC.String(title)), maxTitleKey)
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

func (e *Event) setKeys() {
	e.titleKey, e.sortKey = titleKeyOf(e.Title), sortKeyOf(e.Title)
	e.searchKey = cut(fold(e.Title), maxTitleKey) + " " + cut(fold(e.Venue), maxVenueKey)
}

// refreshSize is how many rows are refreshed in one transaction.
const refreshSize = 1000

// RefreshEvents computes the keys of events whose rows an older version of the program wrote, and
// returns how many there were. It can run at any time and several times at once: it skips rows that
// change meanwhile.
func RefreshEvents(ctx context.Context, pool *pgxpool.Pool) (refreshed int64, err error) {
	var last uuid.UUID
	for {
		rows, _ := pool.Query(ctx, `
			select id, version, title, venue
			from events
			where id > $1 and keys_version <> version
			order by id
			limit $2`, last, refreshSize)
		stale, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
			err = row.Scan(&e.ID, &e.Version, &e.Title, &e.Venue)
			return e, err
		})
		if err != nil {
			return refreshed, fmt.Errorf("find events without keys: %w", err)
		}
		if len(stale) > 0 {
			last = stale[len(stale)-1].ID
			n, err := saveKeys(ctx, pool, stale)
			if err != nil {
				return refreshed, fmt.Errorf("save the keys of events: %w", err)
			}
			refreshed += n
		}
		if len(stale) < refreshSize {
			return refreshed, nil
		}
	}
}

func refreshEvents(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := RefreshEvents(ctx, pool)
	return err
}

// saveKeys writes the keys of rows that have not changed since, and invalidates cached counts.
func saveKeys(ctx context.Context, pool *pgxpool.Pool, stale []Event) (saved int64, err error) {
	ids, versions := make([]uuid.UUID, len(stale)), make([]int, len(stale))
	search, sorted := make([]string, len(stale)), make([]string, len(stale))
	for i := range stale {
		stale[i].setKeys()
		ids[i], versions[i] = stale[i].ID, stale[i].Version
		search[i], sorted[i] = stale[i].searchKey, stale[i].sortKey
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update events e
			set search_key = k.search_key, sort_key = k.sort_key, keys_version = k.version
			from unnest($1::uuid[], $2::int[], $3::text[], $4::text[]) as k (id, version, search_key, sort_key)
			where e.id = k.id and e.version = k.version`, ids, versions, search, sorted)
		if err != nil {
			return err
		}
		saved = tag.RowsAffected()
		_, err = tx.Exec(ctx, `update projection_checkpoints set listing = listing + 1 where name = $1`, eventsName)
		return err
	})
	return saved, err
}
