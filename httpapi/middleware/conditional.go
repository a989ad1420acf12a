package middleware

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// GzipSuffix marks the ETag of a compressed answer, which by RFC 9110, section 8.8.3, can't be that
// of the plain one.
const GzipSuffix = "-gzip"

// Compress compresses long answers to GET. It is not for answers with tokens, because their length
// would reveal something about them (BREACH).
func Compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.SuffixETag(GzipSuffix))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap(next)
}

// Conditional gives an answer an ETag when it has none, and answers 304 without the body to a client
// that has the same already. Answers are private, because they depend on the token.
func Conditional(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &keeper{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		h := w.Header()
		if kept.status == http.StatusOK {
			if h.Get("ETag") == "" {
				sum := sha256.Sum256(kept.body.Bytes())
				h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
			}
			h.Set("Cache-Control", Revalidate)
			h.Add("Vary", "Authorization")
			if MatchesETag(r.Header.Get("If-None-Match"), h.Get("ETag")) {
				h.Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(kept.status)
		_, _ = w.Write(kept.body.Bytes()) // fails only when the client is gone
	})
}

// MatchesETag reports whether a header If-None-Match names an ETag. It compares weakly, as RFC 9110
// has it.
func MatchesETag(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || strings.Replace(tag, GzipSuffix+`"`, `"`, 1) == etag {
			return true
		}
	}
	return false
}

// keeper buffers an answer.
type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int)      { k.status = status }
func (k *keeper) Write(b []byte) (int, error) { return k.body.Write(b) }
