package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzhttp"
)

// gzipSuffix marks the ETag of a compressed answer, which by RFC 9110, section 8.8.3, can't be that of the plain one.
const gzipSuffix = "-gzip"

// versionETag is the ETag of one event: all that it shows follows from the stream's version.
func versionETag(version int) string { return `"` + strconv.Itoa(version) + `"` }

var errVersionTag = invalid([]FieldProblem{{"If-Match", `must be the ETag of the event as it was seen, such as "12", or *`}})

// versionOf reads If-Match: the version that the client expects, 0 for any.
func versionOf(ifMatch string) (int, error) {
	tag := strings.TrimSpace(ifMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	text, isQuoted := strings.CutPrefix(tag, `"`)
	text, isClosed := strings.CutSuffix(text, `"`)
	version, err := strconv.Atoi(strings.TrimSuffix(text, gzipSuffix))
	if !isQuoted || !isClosed || err != nil || version < 1 {
		return 0, errVersionTag
	}
	return version, nil
}

// revalidated documents what [revalidate] does for an operation.
func revalidated(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETags that the client has: when the answer would be one of these, it is 304 without a body",
	})
	op.Responses["304"] = &huma.Response{Description: "The client has it already"}
}

// revalidate gives answers about events an ETag, and a client that has the same already a 304 instead of the body. Answers are
// private, because who may see them is a matter of the token, and may be kept but not used unasked.
func revalidate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path != "/events" && !strings.HasPrefix(r.URL.Path, "/events/") {
			next.ServeHTTP(w, r)
			return
		}
		kept := &keeper{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		h := w.Header()
		if kept.status == http.StatusOK {
			if h.Get("ETag") == "" {
				sum := sha256.Sum256(kept.body.Bytes())
				h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
			}
			h.Set("Cache-Control", "private, no-cache")
			h.Add("Vary", "Authorization")
			if matches(r.Header.Get("If-None-Match"), h.Get("ETag")) {
				h.Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(kept.status)
		_, _ = w.Write(kept.body.Bytes()) // the client is gone, if anything
	})
}

// matches compares weakly, as RFC 9110 has it for If-None-Match.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || strings.Replace(tag, gzipSuffix+`"`, `"`, 1) == etag {
			return true
		}
	}
	return false
}

// keeper holds an answer back.
type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int)      { k.status = status }
func (k *keeper) Write(b []byte) (int, error) { return k.body.Write(b) }

// compress compresses what is read. What holds tokens is left alone: its length would tell about them (BREACH).
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.SuffixETag(gzipSuffix))
	if err != nil {
		panic(err) // the options are constants
	}
	compressed := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path == "/ws" || strings.HasPrefix(r.URL.Path, "/auth/") {
			next.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	})
}

// pageLinks is the Link header of a page (RFC 8288): where the first, the previous, the next and the last one are. The addresses are
// relative, so they are right behind any proxy.
func pageLinks(in *listEventsInput, pages int) string {
	query := in.query()
	link := func(rel string, page int) string {
		query.Set("page", strconv.Itoa(page))
		return "<?" + query.Encode() + `>; rel="` + rel + `"`
	}
	links := []string{link("first", 1)}
	if in.Page > 1 {
		links = append(links, link("prev", min(in.Page-1, max(pages, 1))))
	}
	if in.Page < pages {
		links = append(links, link("next", in.Page+1))
	}
	return strings.Join(append(links, link("last", max(pages, 1))), ", ")
}
