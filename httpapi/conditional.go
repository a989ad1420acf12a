package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// versionETag is the ETag of one event: all that it shows follows from the stream's version.
func versionETag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// versionOf reads If-Match: the version that the client expects, 0 for any.
func versionOf(ifMatch string) (int, error) {
	tag := strings.TrimSpace(ifMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	text, isQuoted := strings.CutPrefix(tag, `"`)
	text, isClosed := strings.CutSuffix(text, `"`)
	version, err := strconv.Atoi(strings.TrimSuffix(text, middleware.GzipSuffix))
	if !isQuoted || !isClosed || err != nil || version < 1 {
		return 0, problem.Invalid(problem.FieldProblem{
			Pointer: "If-Match", Detail: `must be the ETag of the event as it was seen, such as "12", or *`,
		})
	}
	return version, nil
}

// conditional answers 304 when the client has the answer already.
func conditional(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETags that the client has: when the answer would be one of these, it is 304 without a body",
	})
	op.Responses["304"] = &huma.Response{Description: "The client already has it"}
	op.Middlewares = append(op.Middlewares, plain(middleware.Conditional))
}

// plain makes a middleware of net/http one of huma.
func plain(m func(http.Handler) http.Handler) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		m(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next(humachi.NewContext(ctx.Operation(), r, w))
		})).ServeHTTP(w, r.WithContext(ctx.Context()))
	}
}

// pageLinks is the Link header of a page (RFC 8288): where the first, the previous, the next and
// the last one are. The addresses are relative, so they are right behind any proxy.
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
