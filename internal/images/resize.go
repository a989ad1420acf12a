package images

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw" // scaling, which the standard library lacks
)

// version is a picture in one width, as a JPEG.
type version struct {
	width, height int
	data          []byte
}

// versionsOf decodes a file and encodes it in all widths, the smallest first. A picture that is
// narrower than the widest is also kept in its own width; none is enlarged.
func versionsOf(data []byte) ([]version, error) {
	decoded, o, err := decode(data)
	if err != nil {
		return nil, err
	}
	size := decoded.Bounds().Size()
	ownWidth, ownHeight := size.X, size.Y
	if o.swapsSides() {
		ownWidth, ownHeight = size.Y, size.X
	}
	kept := widthsOf(ownWidth)
	versions := make([]version, len(kept))
	var current image.Image
	for i := len(kept) - 1; i >= 0; i-- {
		width := kept[i]
		height := max(1, int(math.Round(float64(width)*float64(ownHeight)/float64(ownWidth))))
		if current == nil {
			current = o.apply(scaleTurned(decoded, o, width, height))
		} else {
			current = scale(current, width, height)
		}
		encoded, err := encode(current)
		if err != nil {
			return nil, err
		}
		versions[i] = version{width, height, encoded}
	}
	return versions, nil
}

// widths are those that pictures are kept in, for phones, for tables and for large screens.
func widths() []int { return []int{480, 960, 1600} }

// widthsOf are the widths in which one picture is kept.
func widthsOf(own int) (kept []int) {
	for _, w := range widths() {
		if w >= own {
			return append(kept, own)
		}
		kept = append(kept, w)
	}
	return kept
}

// quality is where a photo can't be told from its original at a glance.
const quality = 82

func encode(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return out.Bytes(), nil
}

// scaleTurned scales a picture before it is turned to the size that it will have then: turning costs
// by the pixel.
func scaleTurned(img image.Image, o orientation, width, height int) *image.RGBA {
	if o.swapsSides() {
		width, height = height, width
	}
	return scale(img, width, height)
}

// scale halves a picture until the rest is less than half, so that every pixel counts, and takes no
// more memory than a quarter of its pixels. What is transparent becomes white.
func scale(img image.Image, width, height int) *image.RGBA {
	for {
		size := img.Bounds().Size()
		if size.X < 2*width || size.Y < 2*height {
			return resample(img, width, height)
		}
		img = resample(img, size.X/2, size.Y/2)
	}
}

func resample(img image.Image, width, height int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(out, out.Rect, img, img.Bounds(), draw.Over, nil)
	return out
}

// orientation says how a picture is to be turned before it is shown: 1 to 8, as EXIF has it.
type orientation int

func (o orientation) swapsSides() bool { return o >= 5 }

// apply turns a picture.
func (o orientation) apply(img *image.RGBA) *image.RGBA {
	if o <= 1 {
		return img
	}
	width, height := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	if o.swapsSides() {
		out = image.NewRGBA(image.Rect(0, 0, height, width))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			fromX, fromY := o.source(x, y, width, height)
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(fromX, fromY):])
		}
	}
	return out
}

// source is where the pixel of the turned picture is in a picture of a size.
func (o orientation) source(x, y, width, height int) (fromX, fromY int) {
	right, bottom := width-1, height-1
	switch o {
	case 2:
		return right - x, y
	case 3:
		return right - x, bottom - y
	case 4:
		return x, bottom - y
	case 5:
		return y, x
	case 6:
		return y, bottom - x
	case 7:
		return right - y, bottom - x
	case 8:
		return right - y, x
	}
	return x, y
}
