// Package money writes amounts as decimal numbers.
package money

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"github.com/boxoffice/boxoffice/domain"
)

// Scale is how many decimals a currency has: 2 for EUR, and for codes that are not known.
func Scale(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// Decimal is an amount in units of its currency, without zeros that say nothing: 49.99, 100.
func Decimal(m domain.Money) string {
	scale := Scale(m.Currency)
	if scale == 0 {
		return strconv.FormatInt(m.Minor, 10)
	}
	one := int64(math.Pow10(scale))
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%0*d", m.Minor/one, scale, m.Minor%one), "0"), ".")
}
