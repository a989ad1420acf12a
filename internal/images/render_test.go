package images_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/images"
)

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/" + name)
	dbtest.Must(tb, err)
	return data
}

func TestAPictureIsKeptInWidthsThatAreNotAboveItsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width, height int
		want          string
	}{
		{2400, 1200, "480x240 960x480 1600x800"},
		{1600, 900, "480x270 960x540 1600x900"},
		{1200, 800, "480x320 960x640 1200x800"},
		{960, 100 * 2, "480x100 960x200"},
		{300, 400, "300x400"},
		{1, 1, "1x1"},
		{481, 1, ""}, // more than five times as wide as high
	} {
		got, err := images.Versions(jpegOf(t, quadrants(c.width, c.height)))
		if text := sizes(got); text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%d×%d: got %q, %v, want %q", c.width, c.height, text, err, c.want)
		}
	}
}

func sizes(files [][]byte) string {
	var all []string
	for _, file := range files {
		c, err := jpeg.DecodeConfig(bytes.NewReader(file))
		all = append(all, fmt.Sprintf("%dx%d", c.Width, c.Height))
		if err != nil {
			return err.Error()
		}
	}
	return strings.Join(all, " ")
}

// corners names the colours of a picture, from the left at the top.
func corners(tb testing.TB, file []byte) string {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	dbtest.Must(tb, err)
	b, names := img.Bounds(), ""
	for _, at := range []image.Point{
		{b.Dx() / 4, b.Dy() / 4}, {b.Dx() * 3 / 4, b.Dy() / 4},
		{b.Dx() / 4, b.Dy() * 3 / 4}, {b.Dx() * 3 / 4, b.Dy() * 3 / 4},
	} {
		r, g, bl, _ := img.At(at.X, at.Y).RGBA()
		name := "?"
		for n, is := range map[string]bool{
			"r": r > 0xe000 && g < 0x2000, "g": g > 0xe000 && r < 0x2000, "b": bl > 0xe000 && r < 0x2000,
			"-": r+g+bl < 0x3000, "w": r > 0xf000 && g > 0xf000 && bl > 0xf000,
		} {
			if is {
				name = n
			}
		}
		names += name
	}
	return names
}

func TestPicturesAreTurnedAsTheCameraWasHeld(t *testing.T) {
	t.Parallel()
	plain := jpegOf(t, quadrants(640, 320))
	for orientation, want := range map[byte]string{
		1: "640x320 rgb-", 2: "640x320 gr-b", 3: "640x320 -bgr", 4: "640x320 b-rg",
		5: "320x640 rbg-", 6: "320x640 br-g", 7: "320x640 -gbr", 8: "320x640 g-rb",
		0: "640x320 rgb-", 9: "640x320 rgb-", 200: "640x320 rgb-",
	} {
		got, err := images.Versions(withEXIF(plain, orientation))
		dbtest.Must(t, err)
		largest := got[len(got)-1]
		c, err := jpeg.DecodeConfig(bytes.NewReader(largest))
		dbtest.Must(t, err)
		if text := fmt.Sprintf("%dx%d %s", c.Width, c.Height, corners(t, largest)); text != want {
			t.Errorf("orientation %d: got %s, want %s", orientation, text, want)
		}
	}
	turned, err := images.Versions(withChunk(pngOf(t, quadrants(640, 320)), "eXIf", exif(6)))
	dbtest.Must(t, err)
	if got := corners(t, turned[0]); got != "br-g" {
		t.Errorf("a PNG: got %s", got)
	}
}

func TestNothingOfTheFileIsServed(t *testing.T) {
	t.Parallel()
	file := withEXIF(jpegOf(t, quadrants(640, 320)), 1)
	file = append(file, "<script>alert(1)</script>"...)
	got, err := images.Versions(file)
	dbtest.Must(t, err)
	for _, version := range got {
		for _, secret := range []string{"SecretPhone", "Exif", "<script>"} {
			if bytes.Contains(version, []byte(secret)) {
				t.Errorf("%q is still there", secret)
			}
		}
	}
}

func TestPNGAndWebPAreRead(t *testing.T) {
	t.Parallel()
	got, err := images.Versions(pngOf(t, quadrants(500, 400)))
	dbtest.Must(t, err)
	if text := sizes(got) + " " + corners(t, got[1]); text != "480x384 500x400 rgb-" {
		t.Errorf("PNG: got %s", text)
	}
	transparent, err := images.Versions(pngOf(t, image.NewNRGBA(image.Rect(0, 0, 500, 400))))
	dbtest.Must(t, err)
	if got := corners(t, transparent[0]); got != "wwww" {
		t.Errorf("a transparent PNG: got %s, want white", got)
	}
	deep, err := images.Versions(pngOf(t, image.NewNRGBA64(image.Rect(0, 0, 500, 400))))
	dbtest.Must(t, err)
	if got := corners(t, deep[0]); got != "wwww" {
		t.Errorf("a transparent PNG of 16 bits: got %s, want white", got)
	}
	for _, name := range []string{"lossless.webp", "lossy.webp", "alpha.webp"} {
		if got, err := images.Versions(read(t, name)); err != nil || len(got) != 1 {
			t.Errorf("%s: got %s, %v", name, sizes(got), err)
		}
	}
}

func TestSmallDetailsBecomeTheirAverage(t *testing.T) {
	t.Parallel()
	checkered := image.NewGray(image.Rect(0, 0, 3840, 1920))
	for y := range 1920 {
		for x := range 3840 {
			checkered.SetGray(x, y, color.Gray{uint8((x + y) % 2 * 255)})
		}
	}
	got, err := images.Versions(pngOf(t, checkered))
	dbtest.Must(t, err)
	for _, version := range got {
		img, err := jpeg.Decode(bytes.NewReader(version))
		dbtest.Must(t, err)
		for x := range img.Bounds().Dx() {
			if r, _, _, _ := img.At(x, 7).RGBA(); r < 0x7000 || r > 0x9000 {
				t.Fatalf("a pixel is %#x, want grey", r)
			}
		}
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	photo, drawing, lossy := jpegOf(t, quadrants(800, 600)), pngOf(t, quadrants(800, 600)), read(t, "lossy.webp")
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":         {nil, "not a JPEG"},
		"SVG":             {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "not a JPEG"},
		"HTML":            {[]byte(`<!doctype html><script>alert(1)</script>`), "not a JPEG"},
		"GIF":             {[]byte("GIF89a\x01\x00\x01\x00"), "not a JPEG"},
		"HTML as a JPEG":  {[]byte("\xff\xd8\xff<html>"), "damaged"},
		"half a JPEG":     {photo[:len(photo)/2], "damaged"},
		"a JPEG's header": {photo[:200], "damaged"},
		"half a PNG":      {drawing[:len(drawing)/2], "damaged"},
		"half a WebP":     {lossy[:len(lossy)/2], "damaged"},
		"animated PNG":    {withChunk(drawing, "acTL", make([]byte, 8)), "Animated"},
		"animated WebP":   {animatedWebP(), "Animated"},
		"bomb":            {bomb(30_000, 30_000), "40 megapixels"},
		"bigger bomb":     {bomb(1<<31-1, 1<<31-1), "damaged"},
		"a line":          {bomb(30_000, 1), "5 times"},
		"a column":        {bomb(100, 501), "5 times"},
		"41 megapixels":   {bomb(8200, 5000), "40 megapixels"},
		"40 megapixels":   {bomb(8000, 5000), "damaged"}, // only the pixels are missing
	} {
		got, err := images.Versions(c.file)
		var invalid *images.InvalidError
		if !asInvalid(err, &invalid) || !strings.Contains(invalid.Reason, c.want) || got != nil {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// Memory is counted by what is allocated in all, which is more than what is held at once.
func TestTheMemoryOfDecodingIsBounded(t *testing.T) { //nolint:paralleltest // others would be counted too
	for name, file := range map[string][]byte{
		"a photo of 40 megapixels": jpegOf(t,
			image.NewYCbCr(image.Rect(0, 0, 8000, 5000), image.YCbCrSubsampleRatio444)),
		"a progressive JPEG":              progressive(t, 8000, 5000),
		"a deep PNG of 40 megapixels":     deepHeader(8000, 5000, 0),
		"an interlaced PNG of 40 million": deepHeader(6000, 5000, 1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := images.Versions(file)
		runtime.ReadMemStats(&after)
		used := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %d MB, %v", name, used, err)
		if used > 256 {
			t.Errorf("%s took %d MB", name, used)
		}
	}
}

func FuzzVersions(f *testing.F) {
	f.Add(withEXIF(jpegOf(f, quadrants(40, 20)), 6))
	f.Add(withChunk(pngOf(f, quadrants(40, 20)), "eXIf", exif(8)))
	f.Add(read(f, "lossless.webp"))
	f.Add(read(f, "lossy.webp"))
	f.Add(animatedWebP())
	f.Add(bomb(1<<31-1, 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := images.Versions(file)
		var invalid *images.InvalidError
		if err != nil && !asInvalid(err, &invalid) {
			t.Fatalf("got %v, which is not about the file", err)
		}
		for _, version := range got {
			if _, err := jpeg.Decode(bytes.NewReader(version)); err != nil {
				t.Fatalf("what is kept can't be read: %v", err)
			}
		}
	})
}
