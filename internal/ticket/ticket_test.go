package ticket_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/ticket"
)

func signer(t testing.TB, secret string, trusted ...string) (ticket.Signer, *audit.Keys) {
	t.Helper()
	keys, err := audit.NewKeys(secret, trusted...)
	if err != nil {
		t.Fatal(err)
	}
	return ticket.Signer{Keys: keys}, keys
}

func aTicket() ticket.Ticket {
	return ticket.Ticket{
		EventID:   uuid.MustParse("0190b5a2-6c1f-7e33-9d44-5a6b7c8d9e0f"),
		BookingID: uuid.MustParse("7f3c1b2a-4d5e-4f60-8a7b-9c0d1e2f3a4b"), Type: 3, Number: 2,
	}
}

const (
	secret = "a signing secret of the tests, which is long enough"
	newer  = "another signing secret of the tests, of later"
)

// codeBy is the code of aTicket.
func codeBy(t *testing.T, s ticket.Signer) string {
	t.Helper()
	code, err := s.Code(aTicket())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func decode(t *testing.T, code string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestACodeIsReadAsTheTicketThatItIsOf(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, secret)
	code, err := s.Code(aTicket())
	if err != nil || len(code) != 132 {
		t.Fatalf("got %q, %v", code, err)
	}
	for _, typed := range []string{code, " " + code + "\n"} {
		if got, err := s.Read(typed); err != nil || got != aTicket() {
			t.Errorf("%q: got %+v, %v", typed, got, err)
		}
	}
}

// What programs that read codes rely on. It never changes: there are printed tickets.
func TestTheLayoutOfACode(t *testing.T) {
	t.Parallel()
	s, keys := signer(t, secret)
	b := decode(t, codeBy(t, s))
	const payload = "01" + "0190b5a26c1f7e339d445a6b7c8d9e0f" + "7f3c1b2a4d5e4f608a7b9c0d1e2f3a4b" + "03" + "02"
	if got := hex.EncodeToString(b[:35]); got != payload {
		t.Errorf("got %s, want %s", got, payload)
	}
	if !ed25519.Verify(keys.PublicKeys()[0], append([]byte("boxoffice/ticket\x00"), b[:35]...), b[35:]) {
		t.Error("the signature is of something else")
	}
}

func TestWhatIsNoCode(t *testing.T) {
	t.Parallel()
	s, keys := signer(t, secret)
	code := codeBy(t, s)
	strangers, _ := signer(t, newer)
	signedAs := func(purpose string) string {
		b := decode(t, code)
		signature, err := keys.SignFor(purpose, b[:35])
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(append(b[:35:35], signature...))
	}
	if _, err := s.Read(signedAs(ticket.Purpose)); err != nil {
		t.Fatalf("signed as a ticket: %v", err)
	}
	for name, text := range map[string]string{
		"nothing":                           "",
		"an id":                             "urn:uuid:7f3c1b2a-4d5e-4f60-8a7b-9c0d1e2f3a4b",
		"a code of another key":             codeBy(t, strangers),
		"a code that is cut":                code[:len(code)-1],
		"a code with something behind it":   code + "AAAA",
		"a code with another number":        code[:46] + "D" + code[47:],
		"another encoding of the same code": code + "=",
		"other letters":                     strings.ToUpper(code),
		"a signature of another purpose":    signedAs("boxoffice/other"),
	} {
		if got, err := s.Read(text); !errors.Is(err, ticket.ErrInvalid) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestEveryBitOfACodeCounts(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, secret)
	b := decode(t, codeBy(t, s))
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		if got, err := s.Read(base64.RawURLEncoding.EncodeToString(b)); err == nil {
			t.Fatalf("without bit %d: got %+v", bit, got)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestTicketsStayGoodWhenTheKeyIsChanged(t *testing.T) {
	t.Parallel()
	before, old := signer(t, secret)
	code := codeBy(t, before)
	after, _ := signer(t, newer, old.Public())
	if got, err := after.Read(code); err != nil || got != aTicket() {
		t.Errorf("got %+v, %v", got, err)
	}
	without, _ := signer(t, newer)
	if _, err := without.Read(code); !errors.Is(err, ticket.ErrInvalid) {
		t.Errorf("a key that is not trusted any more: got %v", err)
	}
	verifying, _ := signer(t, "", old.Public())
	if _, err := verifying.Code(aTicket()); !errors.Is(err, audit.ErrNoKey) {
		t.Errorf("without a secret: got %v", err)
	}
}
