package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed unbuilt.html
var unbuilt []byte

const (
	immutable  = "public, max-age=31536000, immutable" // the name changes with the content
	revalidate = "no-cache"                            // kept, and asked for with the ETag each time
)

// file is one file of the export, ready to be served.
type file struct {
	contentType  string
	cacheControl string
	policy       string // Content-Security-Policy, of pages
	scans        bool   // it reads codes with a camera
	variants     []variant
}

// variant is a file in one encoding; "" is as it is. The smallest comes first.
type variant struct {
	encoding string
	body     []byte
	etag     string
}

// pages serves the files of an export from memory.
type pages map[string]*file

func newPages(built fs.FS) (pages, error) {
	p := pages{}
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == ".keep" {
			return err
		}
		body, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		encoding := ""
		switch ext := path.Ext(name); ext {
		case ".br", ".gz":
			encoding, name = map[string]string{".br": "br", ".gz": "gzip"}[ext], strings.TrimSuffix(name, ext)
		}
		f := p["/"+name]
		if f == nil {
			f = &file{contentType: contentType(name), cacheControl: revalidate}
			p["/"+name] = f
		}
		if strings.HasPrefix(name, "_next/static/") {
			f.cacheControl = immutable
		}
		if encoding == "" && path.Ext(name) == ".html" {
			f.scans = name == scanningPage
			f.policy = policyOf(body, f.scans)
		}
		sum := sha256.Sum256(body)
		f.variants = append(f.variants, variant{encoding, body, `"` + hex.EncodeToString(sum[:12]) + `"`})
		return nil
	})
	for _, f := range p {
		slices.SortFunc(f.variants, func(a, b variant) int { return len(a.body) - len(b.body) })
	}
	return p, err
}

// empty tells whether the program was built without the user interface.
func (p pages) empty() bool { return p["/index.html"] == nil }

var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".ico": "image/x-icon",
	".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
	".webmanifest": "application/manifest+json",
}

// contentType depends on the name alone, and not on what the machine knows about types.
func contentType(name string) string {
	if t, ok := types[path.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}

// scanningPage is the one page that may use the camera. Where browsers can't read codes themselves, it
// does so with WebAssembly.
const scanningPage = "door/_.html"

var inlineScript = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)

// policyOf allows the inline scripts of a page by their hashes, and otherwise only what comes from
// the same origin. Styles are inline in places: they are set by positioning and transitions.
func policyOf(html []byte, scans bool) string {
	var hashes strings.Builder
	if scans {
		hashes.WriteString(" 'wasm-unsafe-eval'")
	}
	seen := map[string]bool{}
	for _, script := range inlineScript.FindAllSubmatch(html, -1) {
		if bytes.Contains(script[1], []byte(" src=")) {
			continue
		}
		sum := sha256.Sum256(script[2])
		hash := base64.StdEncoding.EncodeToString(sum[:])
		if !seen[hash] {
			seen[hash] = true
			fmt.Fprintf(&hashes, " 'sha256-%s'", hash)
		}
	}
	return "default-src 'none'; script-src 'self'" + hashes.String() +
		"; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
		"frame-ancestors 'none'"
}

func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	if r.Method == http.MethodPost && p.find(r.URL.Path) != nil {
		// A form that was sent without scripts: show it, instead of a blank page.
		target := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusSeeOther)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if p.empty() {
		h.Set("Content-Type", types[".html"])
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policyOf(unbuilt, false))
		_, _ = w.Write(unbuilt) // the client is gone, if anything
		return
	}
	if clean, isOther := withoutSlash(r.URL.Path); isOther {
		target := url.URL{Path: clean, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
		return
	}
	if f := p.find(r.URL.Path); f != nil {
		f.serve(w, r, http.StatusOK)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_next/") { // of the build before an update, or after it
		h.Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if f := p["/404.html"]; f != nil {
		f.serve(w, r, http.StatusNotFound)
		return
	}
	http.NotFound(w, r)
}

// withoutSlash gives the one address of a page: /events, not /events/.
func withoutSlash(p string) (clean string, isOther bool) {
	clean = path.Clean("/" + p)
	return clean, clean != p
}

// fileOfOne is a page or a data file of one event, also at its desk or its door, or of one stream. All of them share
// one page, exported under a placeholder.
var fileOfOne = regexp.MustCompile(
	`^/(events|desk|door|audit)/[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(/.*|\.txt)?$`)

func (p pages) find(name string) *file {
	if m := fileOfOne.FindStringSubmatch(name); m != nil {
		name = "/" + m[1] + "/_" + m[2]
	}
	if name == "/" {
		name = "/index"
	}
	if f := p[name+".html"]; f != nil {
		return f
	}
	if path.Ext(name) == ".html" { // pages have one address, without the extension
		return nil
	}
	return p[name]
}

func (f *file) serve(w http.ResponseWriter, r *http.Request, status int) {
	v := f.choose(r.Header.Get("Accept-Encoding"))
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
	}
	if f.scans {
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=()")
	}
	if len(f.variants) > 1 {
		h.Set("Vary", "Accept-Encoding")
	}
	if v.encoding != "" {
		h.Set("Content-Encoding", v.encoding)
	}
	if status != http.StatusOK {
		h.Set("Content-Length", strconv.Itoa(len(v.body)))
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(v.body) // the client is gone, if anything
		}
		return
	}
	h.Set("ETag", v.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.body))
}

// choose takes the smallest variant that the client can read.
func (f *file) choose(acceptEncoding string) variant {
	accepted := map[string]bool{"": true}
	for part := range strings.SplitSeq(acceptEncoding, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if q := strings.ReplaceAll(quality, " ", ""); q == "q=0" || q == "q=0.0" || q == "q=0.00" || q == "q=0.000" {
			continue
		}
		accepted[strings.ToLower(strings.TrimSpace(name))] = true
	}
	for _, v := range f.variants {
		if accepted[v.encoding] {
			return v
		}
	}
	return f.variants[len(f.variants)-1] // an identity variant is always there
}
