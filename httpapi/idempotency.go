package httpapi

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Idempotent are the inputs of operations that can be repeated safely:
// draft-ietf-httpapi-idempotency-key-header.
type Idempotent struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"Names the request, for 24 hours: repeating it with the same key has no second effect and gets the same answer. 1 to 255 visible characters, such as a UUID"`
	key            string
}

// Resolve is asked for by huma.
func (i *Idempotent) Resolve(huma.Context) []error {
	if i.IdempotencyKey == "" {
		return nil
	}
	var ok bool
	if i.key, ok = keyOf(i.IdempotencyKey); !ok {
		return []error{&huma.ErrorDetail{
			Location: "header.Idempotency-Key",
			Message:  "Use 1 to 255 visible characters, or such a string in quotes.",
		}}
	}
	return nil
}

const maxKeyBytes = 255

// keyOf reads the header. The draft asks for a quoted string of RFC 9651; most clients send the bare
// characters.
func keyOf(header string) (key string, ok bool) {
	if inner, isQuoted := strings.CutPrefix(header, `"`); isQuoted {
		if header, isQuoted = strings.CutSuffix(inner, `"`); !isQuoted || strings.ContainsAny(header, `"\`) {
			return "", false
		}
	}
	if header == "" || len(header) > maxKeyBytes {
		return "", false
	}
	for _, c := range []byte(header) {
		if c <= ' ' || c > '~' || c == '"' {
			return "", false
		}
	}
	return header, true
}
