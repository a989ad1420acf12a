package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/bep/imagemeta" // EXIF in three kinds of files; the parser of the Hugo project, with limits and fuzzed
	"golang.org/x/image/webp"  // the standard library can't read WebP
)

const (
	// MaxBytes is the size of the largest file that is accepted.
	MaxBytes = 8 << 20
	// maxPixels is what the best cameras of phones take by default, and more.
	maxPixels = 40_000_000
	// maxMemory bounds what decoding one picture takes. Most pictures of 40 megapixels take half of it;
	// a progressive JPEG of 18 megapixels can take all of it.
	maxMemory = 256 << 20
	// maxRatio keeps the smaller versions of a picture small: they are only bounded in width.
	maxRatio = 5
)

// InvalidError says why a file can't be used.
type InvalidError struct {
	Reason string // a sentence for people, without a full stop
}

func (e *InvalidError) Error() string { return e.Reason }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// format is a kind of file that can be read.
type format struct {
	config     func(io.Reader) (image.Config, error)
	decode     func(io.Reader) (image.Image, error)
	isAnimated func(data []byte) bool
	// bytesPerPixel is an upper bound of what decoding takes.
	bytesPerPixel func(c image.Config, data []byte) int
	metadata      imagemeta.ImageFormat
}

// formatOf goes by the first bytes, whatever the client calls the file.
func formatOf(data []byte) (format, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		still := func([]byte) bool { return false }
		return format{jpeg.DecodeConfig, jpeg.Decode, still, jpegBytesPerPixel, imagemeta.JPEG}, nil
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return format{png.DecodeConfig, png.Decode, isAnimatedPNG, pngBytesPerPixel, imagemeta.PNG}, nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return format{webp.DecodeConfig, webp.Decode, isAnimatedWebP, webpBytesPerPixel, imagemeta.WebP}, nil
	}
	return format{}, invalid("This is not a JPEG, PNG or WebP picture")
}

// decode reads a picture, and how it has to be turned. What it would cost is checked first.
func decode(data []byte) (image.Image, orientation, error) {
	f, err := formatOf(data)
	if err != nil {
		return nil, 0, err
	}
	if f.isAnimated(data) {
		return nil, 0, invalid("Animated pictures can't be used")
	}
	c, err := f.config(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 {
		return nil, 0, errBroken()
	}
	pixels := int64(c.Width) * int64(c.Height)
	switch {
	case pixels > maxPixels:
		return nil, 0, invalid("The picture has more than %d megapixels", maxPixels/1_000_000)
	case c.Width > maxRatio*c.Height || c.Height > maxRatio*c.Width:
		return nil, 0, invalid("One side of the picture is more than %d times as long as the other", maxRatio)
	case pixels*int64(f.bytesPerPixel(c, data)) > maxMemory:
		return nil, 0, invalid("The picture is too large for this kind of file; please make it smaller")
	}
	decoded, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, 0, errBroken()
	}
	return decoded, orientationOf(data, f.metadata), nil
}

func errBroken() error { return invalid("The picture is damaged or incomplete") }

// jpegBytesPerPixel counts samples, and for progressive files the coefficients of all scans, which
// have four bytes each.
func jpegBytesPerPixel(c image.Config, data []byte) int {
	samples, converted := 3, 0
	if c.ColorModel == color.CMYKModel {
		samples, converted = 4, 4
	}
	if isProgressive(data) {
		return samples + converted + 4*samples
	}
	return samples + converted
}

// isProgressive looks for the marker of the frame. A file that is not built as it should be counts
// as progressive, which takes more.
func isProgressive(data []byte) bool {
	const baseline, sequential, progressive = 0xc0, 0xc1, 0xc2
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return true
		}
		switch marker := data[at+1]; marker {
		case baseline, sequential:
			return false
		case progressive:
			return true
		case 0xff: // a byte that fills
			at++
		default:
			at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		}
	}
	return true
}

// pngBytesPerPixel counts passes of interlaced pictures twice.
func pngBytesPerPixel(c image.Config, data []byte) int {
	const interlaced = 28 // offset in the file
	bytesPerPixel := 4
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		bytesPerPixel = 8
	}
	if len(data) > interlaced && data[interlaced] != 0 {
		bytesPerPixel *= 2
	}
	return bytesPerPixel
}

// isAnimatedPNG looks for the chunk of APNG, which comes before the pixels.
func isAnimatedPNG(data []byte) bool {
	for at := uint64(8); at+8 <= uint64(len(data)); {
		switch string(data[at+4 : at+8]) {
		case "acTL":
			return true
		case "IDAT":
			return false
		}
		at += 12 + uint64(binary.BigEndian.Uint32(data[at:]))
	}
	return false
}

// webpBytesPerPixel is more for lossless pixels and lossless transparency, which are transformed in
// several steps.
func webpBytesPerPixel(c image.Config, _ []byte) int {
	if c.ColorModel == color.YCbCrModel {
		return 3
	}
	return 12
}

func isAnimatedWebP(data []byte) bool {
	const flags, animation = 20, 1 << 1
	return len(data) > flags && string(data[12:16]) == "VP8X" && data[flags]&animation != 0
}

// orientationOf is the orientation that the camera has noted. Metadata that can't be read is as good
// as none.
func orientationOf(data []byte, f imagemeta.ImageFormat) orientation {
	upright := orientation(1)
	found := upright
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: f, Sources: imagemeta.EXIF, LimitNumTags: 200,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool {
			return t.Tag == "Orientation" && strings.HasPrefix(t.Namespace, "IFD0")
		},
		HandleTag: func(t imagemeta.TagInfo) error {
			if n, ok := t.Value.(uint16); ok {
				found = orientation(n)
			}
			return imagemeta.ErrStopWalking
		},
	})
	if found < 1 || found > 8 {
		return upright
	}
	return found
}
