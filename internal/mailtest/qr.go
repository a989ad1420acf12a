package mailtest

import (
	"bytes"
	"image/png"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// QRCode is the file that a mail has for a code.
func QRCode(tb testing.TB, text string) string {
	tb.Helper()
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 300, 300)
	}
	var b bytes.Buffer
	if err == nil {
		err = png.Encode(&b, code)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
