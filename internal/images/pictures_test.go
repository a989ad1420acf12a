package images_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/images"
)

// quadrants is a picture whose corners differ: red, green, blue and black, from the left at the top.
func quadrants(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{A: 255}
			switch {
			case y < height/2 && x < width/2:
				c.R = 255
			case y < height/2:
				c.G = 255
			case x < width/2:
				c.B = 255
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func jpegOf(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	dbtest.Must(tb, jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}))
	return out.Bytes()
}

func pngOf(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	dbtest.Must(tb, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img))
	return out.Bytes()
}

// exif is metadata with an orientation and, as a secret, the name of a camera.
func exif(orientation byte) []byte {
	var b bytes.Buffer
	b.WriteString("MM\x00\x2a\x00\x00\x00\x08\x00\x02")
	b.WriteString("\x01\x0f\x00\x02\x00\x00\x00\x0c\x00\x00\x00\x26")                                // Make
	b.WriteString("\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string([]byte{orientation}) + "\x00\x00") // Orientation
	b.WriteString("\x00\x00\x00\x00SecretPhone\x00")
	return b.Bytes()
}

// withEXIF puts metadata behind the first marker of a JPEG.
func withEXIF(file []byte, orientation byte) []byte {
	segment := append([]byte("Exif\x00\x00"), exif(orientation)...)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	out = append(out, segment...)
	return append(out, file[2:]...)
}

// withChunk puts a chunk behind the header of a PNG.
func withChunk(file []byte, name string, data []byte) []byte {
	const header = 8 + 25
	out := append([]byte{}, file[:header]...)
	out = append(out, chunk(name, data)...)
	return append(out, file[header:]...)
}

func chunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	named := append([]byte(name), data...)
	out = append(out, named...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(named))
}

// bomb is a small PNG that claims to be huge.
func bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(nil, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)...)
	return append(out, chunk("IDAT", []byte("x"))...)
}

// animatedWebP is the beginning of an animation.
func animatedWebP() []byte {
	return []byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x3f\x00\x00\x3f\x00\x00")
}

// deepHeader is a PNG of 16 bits that has no pixels.
func deepHeader(width, height uint32, interlaced byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 16, 6, 0, 0, interlaced)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)...)
	return append(out, chunk("IDAT", []byte("x"))...)
}

// progressive is a JPEG whose frame says that it is progressive. Its scan does not go with that, but
// comes after the memory for the coefficients of the whole picture.
func progressive(tb testing.TB, width, height int) []byte {
	tb.Helper()
	file := jpegOf(tb, image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio444))
	at := bytes.Index(file, []byte("\xff\xc0"))
	file[at+1] = 0xc2
	at = bytes.Index(file, []byte("\xff\xda"))
	file[at+12] = 0 // the scan is of the first coefficient only
	return file
}

func asInvalid(err error, target **images.InvalidError) bool { return errors.As(err, target) }
