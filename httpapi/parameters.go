package httpapi

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// textParameters refuses parameters that are not text, which PostgreSQL accepts neither in queries nor
// in rows, and unknown parameters, because a filter with a misspelt name would select everything.
func (a *api) textParameters(op *huma.Operation) {
	op.Middlewares = append(op.Middlewares, a.checkParameters)
}

func (a *api) checkParameters(ctx huma.Context, next func(huma.Context)) {
	u := ctx.URL()
	var wrong []problem.FieldProblem
	for name, values := range u.Query() {
		detail := ""
		switch {
		case slices.ContainsFunc(append(values, name), isNotText):
			detail = "Use UTF-8 text without NUL characters."
		case !slices.ContainsFunc(ctx.Operation().Parameters, func(p *huma.Param) bool {
			return p.In == "query" && p.Name == name
		}):
			detail = "This parameter doesn't exist here."
		case len(values) > 1:
			detail = "Use this parameter only once."
		}
		if detail != "" {
			wrong = append(wrong, problem.FieldProblem{Pointer: name, Detail: detail})
		}
	}
	if len(wrong) == 0 && isNotText(u.RawQuery) { // in a part that can't be read as a parameter
		wrong = append(wrong, problem.FieldProblem{Pointer: "query", Detail: "Use UTF-8 text without NUL characters."})
	}
	if len(wrong) == 0 {
		next(ctx)
		return
	}
	slices.SortFunc(wrong, func(a, b problem.FieldProblem) int { return cmp.Compare(a.Pointer, b.Pointer) })
	a.writeError(ctx, problem.Invalid(wrong...))
}

func isNotText(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) }
