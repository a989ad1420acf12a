package httpapi

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth is more than any request needs, and bounds the cost of nested brackets.
const maxDepth = 16

// jsonFormats is JSON alone, whose depth is checked before it is decoded.
func jsonFormats() map[string]huma.Format {
	format := huma.DefaultJSONFormat
	format.Unmarshal = func(data []byte, v any) error {
		if isTooDeep(data) {
			return errBodyTooDeep
		}
		return json.Unmarshal(data, v)
	}
	return map[string]huma.Format{"application/json": format, "json": format}
}

// isTooDeep counts the open brackets outside of strings. Invalid JSON is left to the decoder.
func isTooDeep(data []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
