package httpapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// contract holds every answer that any test of this package gets against the OpenAPI document, and
// remembers which of the documented answers were seen.
var contract described

type described struct {
	once      sync.Once
	err       error
	document  *v3.Document
	validator validator.Validator
	mu        sync.Mutex // the validator's caches don't like company
	seen      map[string]bool
}

func (d *described) load(url string) error {
	d.once.Do(func() { d.err = d.read(url) })
	return d.err
}

func (d *described) read(url string) error {
	response, err := http.Get(url + "/openapi.json")
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return err
	}
	d.document, d.seen = &model.Model, map[string]bool{}
	d.validator = validator.NewValidatorFromV3Model(d.document, config.WithFormatAssertions())
	return nil
}

func answerName(method, pattern, status string) string { return method + " " + pattern + " " + status }

// check compares an answer with what is documented. What the document does not speak of must be
// about the address itself.
func (d *described) check(url string, request *http.Request, response *http.Response, body []byte) error {
	if err := d.load(url); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := request.Clone(request.Context())
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet
	}
	item, _, pattern := paths.FindPath(asked, d.document, nil)
	if item == nil || item.GetOperations().GetOrZero(strings.ToLower(asked.Method)) == nil {
		if request.Method == http.MethodOptions || response.StatusCode == http.StatusNotFound ||
			response.StatusCode == http.StatusMethodNotAllowed || request.URL.Path == "/openapi.json" ||
			request.URL.Path == "/ws" || strings.HasPrefix(request.URL.Path, "/docs") {
			return nil
		}
		return fmt.Errorf("%s %s is not documented", request.Method, request.URL.Path)
	}
	status := strconv.Itoa(response.StatusCode)
	operation := item.GetOperations().GetOrZero(strings.ToLower(asked.Method))
	if operation.Responses.Codes.GetOrZero(status) == nil {
		return fmt.Errorf("status %s is not documented", status)
	}
	d.seen[answerName(asked.Method, pattern, status)] = true
	if request.Method == http.MethodHead || len(body) == 0 {
		return nil
	}
	told := &http.Response{StatusCode: response.StatusCode, Header: response.Header,
		Body: io.NopCloser(bytes.NewReader(body))}
	if ok, problems := d.validator.GetResponseBodyValidator().ValidateResponseBody(asked, told); !ok {
		var errs []error
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("%s: %s", p.Message, p.Reason))
			for _, cause := range p.SchemaValidationErrors {
				errs = append(errs, fmt.Errorf("%s: %s", cause.FieldPath, cause.Reason))
			}
		}
		return errors.Join(errs...)
	}
	return nil
}

// complete tells which documented answers no test has seen.
func (d *described) complete() error {
	if d.document == nil {
		return errors.New("no test has asked the API anything")
	}
	var missing []string
	for pattern, item := range d.document.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			for status := range operation.Responses.Codes.FromOldest() {
				if name := answerName(strings.ToUpper(method), pattern, status); !d.seen[name] {
					missing = append(missing, name)
				}
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
