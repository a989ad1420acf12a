package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract holds every answer that any test of this package gets against the OpenAPI document, and
// remembers which of the documented answers were seen.
var contract described

type described struct {
	once     sync.Once
	err      error
	document *openapi3.T
	router   routers.Router
	mu       sync.Mutex // guards what follows
	compiler *jsonschema.Compiler
	seen     map[string]bool
}

func (d *described) load(address string) error {
	d.once.Do(func() { d.err = d.fetch(address) })
	return d.err
}

func (d *described) fetch(address string) error {
	response, err := http.Get(address + "/openapi.json")
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return d.read(text)
}

// documentURL is the base of the references in the document. It is never fetched.
const documentURL = "https://api.example.com/openapi.json"

func (d *described) read(text []byte) (err error) {
	if d.document, err = openapi3.NewLoader().LoadFromData(text); err != nil {
		return err
	}
	if d.router, err = gorillamux.NewRouter(d.document); err != nil {
		return err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	// kin-openapi validates schemas with references by rules of its own, in which formats such as
	// uuid and email are not checked; so the JSON Schema validator is used directly.
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	d.compiler.RegisterFormat(&jsonschema.Format{Name: "int32", Validate: integerOf(32)})
	d.compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: integerOf(64)})
	d.seen = map[string]bool{}
	return d.compiler.AddResource(documentURL, tree)
}

func integerOf(bits int) func(any) error {
	return func(value any) error {
		number, ok := value.(json.Number)
		if !ok {
			return nil // its type is wrong, which is another error
		}
		_, err := strconv.ParseInt(number.String(), 10, bits)
		return err
	}
}

// operations are those of the document, in a fixed order.
func (d *described) operations() iter.Seq2[*routers.Route, *openapi3.Operation] {
	return func(yield func(*routers.Route, *openapi3.Operation) bool) {
		for _, path := range d.document.Paths.Keys() {
			operations := d.document.Paths.Value(path).Operations()
			for _, method := range slices.Sorted(maps.Keys(operations)) {
				if !yield(&routers.Route{Method: method, Path: path}, operations[method]) {
					return
				}
			}
		}
	}
}

// statuses are those that are documented by number. The answer "default", which huma describes for
// operations without errors of their own, is none that a test could ask for.
func statuses(o *openapi3.Operation) []string {
	return slices.DeleteFunc(o.Responses.Keys(), func(status string) bool { return status == "default" })
}

func answerName(r *routers.Route, status string) string {
	return r.Method + " " + r.Path + " " + status
}

// find gives the operation that a request is for; answers to HEAD are those to GET without a body.
func (d *described) find(request *http.Request) (*routers.Route, error) {
	asked := request.Clone(request.Context())
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet
	}
	route, _, err := d.router.FindRoute(asked)
	return route, err
}

// check compares an answer with what is documented. What the document does not speak of must be
// about the address itself.
func (d *described) check(address string, request *http.Request, response *http.Response, body []byte) error {
	if err := d.load(address); err != nil {
		return err
	}
	return d.compare(request, response, body)
}

func (d *described) compare(request *http.Request, response *http.Response, body []byte) error {
	route, err := d.find(request)
	if err != nil {
		if request.Method == http.MethodOptions || response.StatusCode == http.StatusNotFound ||
			response.StatusCode == http.StatusMethodNotAllowed || request.URL.Path == "/openapi.json" ||
			request.URL.Path == "/ws" || strings.HasPrefix(request.URL.Path, "/docs") {
			return nil
		}
		return fmt.Errorf("%s %s is not documented", request.Method, request.URL.Path)
	}
	status := strconv.Itoa(response.StatusCode)
	documented := route.Operation.Responses.Value(status)
	if documented == nil {
		return fmt.Errorf("status %s is not documented", status)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[answerName(route, status)] = true
	at := pointer("paths", route.Path, strings.ToLower(route.Method), "responses", status)
	errs := []error{d.headers(at, documented.Value.Headers, response.Header)}
	if request.Method != http.MethodHead {
		errs = append(errs, d.body(at, documented.Value.Content, response.Header.Get("Content-Type"), body))
	}
	return errors.Join(errs...)
}

func (d *described) headers(at string, documented openapi3.Headers, sent http.Header) error {
	var errs []error
	for name, header := range documented {
		values := sent.Values(name)
		if header.Value.Required && len(values) == 0 {
			errs = append(errs, fmt.Errorf("header %s is missing", name))
		}
		for _, text := range values {
			var value any = text
			if _, err := strconv.ParseInt(text, 10, 64); err == nil && header.Value.Schema.Value.Type.Is("integer") {
				value = json.Number(text)
			}
			if err := d.validate(value, at+pointer("headers", name, "schema")); err != nil {
				errs = append(errs, fmt.Errorf("header %s: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *described) body(at string, documented openapi3.Content, contentType string, body []byte) error {
	if len(documented) == 0 {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || documented[mediaType] == nil {
		return fmt.Errorf("content type %q is not documented", contentType)
	}
	if mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return d.validate(value, at+pointer("content", mediaType, "schema"))
}

// validate holds a value against the schema at a JSON pointer into the document.
func (d *described) validate(value any, at string) error {
	schema, err := d.compiler.Compile(documentURL + "#" + at) // once; it is remembered
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// pointer is a JSON pointer as part of a URL.
func pointer(keys ...string) string {
	var all strings.Builder
	for _, key := range keys {
		all.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key)))
	}
	return all.String()
}

// complete tells which documented answers no test has seen.
func (d *described) complete() error {
	if d.document == nil {
		return errors.New("no test has asked the API anything")
	}
	var missing []string
	for route, operation := range d.operations() {
		for _, status := range statuses(operation) {
			if name := answerName(route, status); !d.seen[name] {
				missing = append(missing, name)
			}
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return fmt.Errorf("%d documented answers were not produced by any test:\n  %s", len(missing),
			strings.Join(missing, "\n  "))
	}
	return nil
}
