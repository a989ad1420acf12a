package account_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func good() account.Registration {
	return account.Registration{Email: "user@example.com", Password: goodPassword, Name: "John Doe"}
}

// refusedFields registers and returns the invalid fields.
func refusedFields(t *testing.T, b bundle, r account.Registration) []string {
	t.Helper()
	_, tokens, err := b.Register(t.Context(), r)
	if err == nil {
		return nil
	}
	var invalid *account.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got error %v, want an InvalidError", err)
	}
	if tokens != (account.Tokens{}) {
		t.Error("a refused registration got tokens")
	}
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
		if !strings.HasSuffix(f.Message, ".") {
			t.Errorf("message for %s is not a sentence: %q", f.Field, f.Message)
		}
	}
	return fields
}

func TestEveryWrongFieldIsListedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if got, want := refusedFields(t, b, account.Registration{}),
		[]string{"email", "password", "name"}; !slices.Equal(got, want) {
		t.Errorf("empty registration: got fields %q, want %q", got, want)
	}
	if got, want := refusedFields(t, b, account.Registration{Email: "a@example.com", Password: "short", Name: " x "}),
		[]string{"password", "name"}; !slices.Equal(got, want) {
		t.Errorf("two wrong fields: got %q, want %q", got, want)
	}
	if n := b.count(t, "users"); n != 0 {
		t.Errorf("refused registrations left %d users", n)
	}
	if got := refusedFields(t, b, good()); got != nil {
		t.Errorf("the good registration was refused for %q", got)
	}
}

func TestEmailMustBeOneThatABrowserAccepts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("d", 60) + "." + strings.Repeat("d", 60) + "." + strings.Repeat("d", 60) + "."
	for email, ok := range map[string]bool{
		"user@example.com":                                true,
		"first.last+tag@sub.example.co.uk":                true,
		"o'hara_99@xn--mnchen-3ya.de":                     true,
		" spaces.around@example.com\t":                    true,
		strings.Repeat("l", 64) + "@example.com":          true,
		strings.Repeat("l", 63) + "@" + long + "ddd.org":  true, // 254 bytes
		strings.Repeat("l", 63) + "@" + long + "dddd.org": false,
		strings.Repeat("l", 65) + "@example.com":          false,
		"":                                                false,
		"user":                                            false,
		"@example.com":                                    false,
		"user@":                                           false,
		"user@localhost":                                  false,
		"user@example":                                    false,
		"user@.com":                                       false,
		"user@example..com":                               false,
		"user@-example.com":                               false,
		"user@[127.0.0.1]":                                false,
		"us er@example.com":                               false,
		"user..x@example.com":                             false,
		".user@example.com":                               false,
		"user.@example.com":                               false,
		"user@example.com, x@y.org":                       false,
		"User <user@example.com>":                         false,
		"<user@example.com>":                              false,
		"user@example.com (comment)":                      false,
		`"quoted user"@example.com`:                       false,
		"user@exämple.com":                                false,
		"üser@example.com":                                false,
		"user@example.com\nBcc: x@y.":                     false,
		"user\x00@example.com":                            false,
		"user\xff@example.com":                            false,
	} {
		r := good()
		r.Email = email
		got := refusedFields(t, b, r)
		if ok && got != nil {
			t.Errorf("%q was refused", email)
		}
		if !ok && !slices.Equal(got, []string{"email"}) {
			t.Errorf("%q: got fields %q, want email", email, got)
		}
	}
}

func TestNameHas2To100CharactersThatShowAsThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, ok := range map[string]bool{
		"Jo":                              true,
		"  José Ángel  ":                  true,
		"李明":                              true,
		"محمد علی\u200cرضا":               true, // the non-joiner belongs there
		strings.Repeat("é", 100):          true,
		strings.Repeat("é", 101):          false,
		"":                                false,
		"J":                               false,
		"   J   ":                         false,
		"John\nDoe":                       false,
		"John\x00Doe":                     false,
		"John\x7fDoe":                     false,
		"John\u2028Doe":                   false,
		"John \u202eeoD":                  false,
		"John\xffDoe":                     false,
		"\t\t":                            false,
		"\u200b\u200b\u200b":              false,
		"\u3164\u3164":                    false, // fillers of Hangul are letters, and show nothing
		"\u2800\u2800":                    false,
		"\u200d\ufe0f":                    false,
		"\u0301\u0301":                    false,
		"\ufeff\u00ad\u2060":              false,
		"👩\u200d👧":                        true,
		"e\u0301":                         true,
		strings.Repeat(" ", 200) + "Anna": true,
	} {
		r := good()
		r.Name = name
		r.Email = uuid.NewString() + "@example.com"
		got := refusedFields(t, b, r)
		if ok && got != nil {
			t.Errorf("%q was refused", name)
		}
		if !ok && !slices.Equal(got, []string{"name"}) {
			t.Errorf("%q: got fields %q, want name", name, got)
		}
	}
}

func TestPasswordHas8CharactersALetterANumberAndAtMost72Bytes(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"password123":                   true,
		"abcdefg1":                      true,
		"1234567a":                      true,
		"пароль12":                      true,
		"密码密码密码密1":                      true,
		"with spaces 1":                 true,
		strings.Repeat("a", 71) + "1":   true,
		strings.Repeat("é", 35) + "12":  true,
		strings.Repeat("a", 72) + "1":   false,
		strings.Repeat("é", 36) + "1":   false, // 37 characters, but 73 bytes
		"":                              false,
		"abcdef1":                       false,
		"ééééé12":                       false, // 12 bytes, but 7 characters
		"abcdefgh":                      false,
		"12345678":                      false,
		"!!!!!!!!1":                     false,
		"tulips 12\x00tulips 12":        false, // has the hash of tulips 12
		"password123\x00":               false,
		strings.Repeat("a1", 1_000_000): false,
	} {
		if message := account.CheckPassword(password); (message == "") != ok {
			t.Errorf("%.80q: accepted %v, want %v (%s)", password, message == "", ok, message)
		}
	}
}

// bcrypt repeats a short password, with a NUL after each copy.
func TestAPasswordIsNotTheSameRepeatedAfterANUL(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := good()
	r.Password = "tulips 12"
	if _, _, err := b.Register(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.Login(t.Context(), r.Email, "tulips 12\x00tulips 12")
	wantErr(t, err, account.ErrInvalidCredentials)
	if _, _, err := b.Login(t.Context(), r.Email, "tulips 12"); err != nil {
		t.Errorf("the password itself: %v", err)
	}
}

func TestPasswordRulesHoldForAnyText(t *testing.T) {
	t.Parallel()
	anything := rapid.OneOf(
		rapid.String(),
		rapid.StringOfN(rapid.RuneFrom([]rune("aZ09é密٣ _!😀\x00")), 0, 80, 90),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 90), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		password := anything.Draw(t, "password")
		var characters, letters, digits, nuls int
		for _, r := range password {
			characters++
			if r == 0 {
				nuls++
			}
			if unicode.IsLetter(r) {
				letters++
			}
			if unicode.IsDigit(r) {
				digits++
			}
		}
		want := characters >= 8 && letters > 0 && digits > 0 && nuls == 0 && len(password) <= 72
		message := account.CheckPassword(password)
		if got := message == ""; got != want {
			t.Fatalf("accepted %v, want %v (%s)", got, want, message)
		}
		if !want {
			return
		}
		if _, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost); err != nil {
			t.Fatalf("accepted, but cannot be hashed: %v", err)
		}
	})
}
