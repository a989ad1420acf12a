package webhook_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
)

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/webhooks.md")
	dbtest.Must(t, err)
	return string(text)
}

func TestTheGuideHasEveryType(t *testing.T) {
	t.Parallel()
	text := guide(t)
	for _, kind := range append(endpoint.Types(), endpoint.Test) {
		if !strings.Contains(text, "| `"+string(kind)+"` |") {
			t.Errorf("docs/webhooks.md lacks %s", kind)
		}
	}
}

// The receiver of the guide gets what is sent, once, although it fails at first.
func TestTheReceiverOfTheGuideWorks(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("receiver_test.go")
	dbtest.Must(t, err)
	_, code, _ := strings.Cut(string(source), "// receive is")
	if !strings.Contains(guide(t), "// receive is"+code) {
		t.Error("docs/webhooks.md does not have the receiver of receiver_test.go")
	}
	b := setup(t)
	server := httptest.NewUnstartedServer(nil)
	_, secret := b.webhook("http://" + server.Listener.Addr().String())
	var mu sync.Mutex
	var ids []string
	failed := false
	server.Config.Handler, err = receive(secret, func(id string, _ []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if !failed {
			failed = true
			return errors.New("not now")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return nil
	})
	dbtest.Must(t, err)
	server.Start()
	defer server.Close()
	b.run()
	b.book(1)
	b.eventually("the first attempt fails", func() bool {
		return b.Count(`select count(*) from webhook_deliveries where status_code = 500`) == 1
	})
	b.later(10 * time.Second)
	b.book(2)
	b.eventually("all arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(ids) == 3
	})
}
