package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// eventShape is the version of the JSON of an [Event]. It is part of ETags and grows when the JSON
// changes, so that clients don't keep an answer in an old shape. The first shape is not in tags.
const eventShape = 3

// versionETag is the ETag of one event, whose answer depends on the stream's version and the shape.
func versionETag(version int) string {
	return fmt.Sprintf(`"%d.%d"`, version, eventShape)
}

// IfMatching are the inputs of operations on an event as it was seen.
type IfMatching struct {
	IfMatch  string `header:"If-Match" doc:"The ETag of the event that was read, or several: when the event has changed since, also by a booking, the answer is 412"`
	versions []int  // none: any
}

// Resolve is asked for by huma.
func (i *IfMatching) Resolve(huma.Context) []error {
	var ok bool
	if i.versions, ok = versionsOf(i.IfMatch); !ok {
		return []error{&huma.ErrorDetail{
			Location: "header.If-Match", Message: `Send ETags of the event as you saw it, such as "12", or *.`,
		}}
	}
	return nil
}

// versionsOf reads If-Match: the versions that the client expects, none for any. The shape is ignored.
// Weak tags are accepted, because a proxy that compresses answers makes tags weak.
func versionsOf(ifMatch string) (versions []int, ok bool) {
	if tag := strings.TrimSpace(ifMatch); tag == "" || tag == "*" {
		return nil, true
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		text, isQuoted := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
		text, isClosed := strings.CutSuffix(text, `"`)
		text, shape, hasShape := strings.Cut(strings.TrimSuffix(text, middleware.GzipSuffix), ".")
		version, err := strconv.Atoi(text)
		if hasShape && err == nil {
			_, err = strconv.Atoi(shape)
		}
		if !isQuoted || !isClosed || err != nil || version < 1 {
			return nil, false
		}
		versions = append(versions, version)
	}
	return versions, true
}

// expecting calls change with the version that the client expects, 0 for any. If there are several, it
// picks the stream's version, which a conflict names.
func expecting[Out any](versions []int, change func(version int) (Out, error)) (out Out, err error) {
	if len(versions) == 0 {
		return change(0)
	}
	expected := slices.Max(versions)
	for range versions {
		var conflict *eventstore.ConflictError
		out, err = change(expected)
		if !errors.As(err, &conflict) || !slices.Contains(versions, conflict.Actual) {
			break
		}
		expected = conflict.Actual
	}
	return out, err
}

// conditional answers 304 if the client has the answer already.
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
