package httpapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/currency"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/money"
)

// Decimal is a JSON number that is read and written digit by digit: 49.99 stays 49.99.
type Decimal string

var (
	decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$`)
	numberForm  = regexp.MustCompile(`^(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,2}))?$`)
)

// UnmarshalJSON reads a number.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	*d = Decimal(data)
	return nil
}

// plain writes a number without an exponent and trailing zeros: 100.0 and 1E+2 are 100. A text that is
// too long or no number is left unchanged, and refused later.
func (d Decimal) plain() Decimal {
	parts := numberForm.FindStringSubmatch(string(d))
	if parts == nil {
		return d
	}
	sign, whole, fraction := parts[1], parts[2], parts[3]
	shift, _ := strconv.Atoi(parts[4]) // none: 0
	if shift > 0 {
		fraction += strings.Repeat("0", max(0, shift-len(fraction)))
		whole, fraction = whole+fraction[:shift], fraction[shift:]
	} else {
		whole = strings.Repeat("0", max(0, -shift-len(whole))) + whole
		whole, fraction = whole[:len(whole)+shift], whole[len(whole)+shift:]+fraction
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	if whole+fraction == "0" {
		sign = ""
	}
	return Decimal(sign + whole + fraction)
}

// MarshalJSON writes a number.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d), nil }

// Schema tells huma that it is a number.
func (Decimal) Schema(huma.Registry) *huma.Schema {
	lowest, highest := 0.0, float64(domain.MaxPrice)
	return &huma.Schema{
		Type: huma.TypeNumber, Format: "double", Description: decimalDoc, Minimum: &lowest, Maximum: &highest,
		Examples: []any{json.Number("49.99")},
	}
}

const decimalDoc = "A decimal number in units of the currency, with as many decimals as the currency has at most. " +
	"A double holds every price exactly enough to show it again; a float of 32 bits does not"

// moneyOf reads an amount in a currency. More decimals than the currency has are an error: amounts are
// not rounded. With an error it returns a placeholder that passes further checks, so that each mistake
// is reported once.
func moneyOf(amount Decimal, code string) (domain.Money, error) {
	fail := func(field, format string, args ...any) (domain.Money, error) {
		wrong := domain.FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
		return domain.Money{Currency: "XXX"}, &domain.InvalidError{Fields: []domain.FieldError{wrong}}
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return fail("currency", "Enter a three-letter currency code, such as USD.")
	}
	amount = amount.plain()
	if !decimalForm.MatchString(string(amount)) {
		return fail("price", "Enter a decimal number, such as 49.99.")
	}
	scale, _ := currency.Standard.Rounding(unit)
	whole, fraction, _ := strings.Cut(string(amount), ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > scale {
		if scale == 0 {
			return fail("price", "Use whole numbers for %s.", unit)
		}
		return fail("price", "Use at most %d decimal places for %s.", scale, unit)
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil {
		return fail("price", "Enter a lower price.")
	}
	return domain.Money{Minor: minor, Currency: unit.String()}, nil
}

// decimalOf is the inverse of moneyOf.
func decimalOf(m domain.Money) Decimal { return Decimal(money.Decimal(m)) }
