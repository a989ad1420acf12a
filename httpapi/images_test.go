package httpapi_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/images"
)

// picture is a PNG.
func picture(width, height int) []byte {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	img.Set(0, 0, color.White)
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		panic(err) // a buffer takes everything
	}
	return file.Bytes()
}

// upload uploads a picture as an organizer.
func (s *system) upload(file []byte) answer {
	s.Helper()
	return s.call("POST", "/images", s.token(account.Organizer), string(file), "Content-Type", "image/png")
}

// view asks for a picture as a browser does.
func (s *system) view(path string, headers ...string) answer {
	s.Helper()
	a, err := s.raw("GET", path, "", nil, headers...)
	must(s, err)
	return a
}

func TestAnUploadedPictureCanBeSeenByEverybodyForEver(t *testing.T) {
	t.Parallel()
	s := start(t)
	uploaded := s.want(s.upload(picture(1200, 600)), 201, "")
	url, _ := uploaded.at("url").(string)
	if uploaded.at("width") != 1200.0 || uploaded.at("height") != 600.0 || url != "/images/"+uploaded.at("id").(string) ||
		uploaded.header.Get("Location") != url {
		t.Fatalf("got %s", uploaded.raw)
	}
	if again := s.want(s.upload(picture(1200, 600)), 201, ""); again.at("id") != uploaded.at("id") {
		t.Errorf("the same picture has another id: %s", again.raw)
	}
	for query, width := range map[string]int{
		"": 1200, "?width=480": 480, "?width=960": 960, "?width=1100": 1200, "?width=1600": 1200,
	} {
		seen := s.view(url + query)
		c, err := jpeg.DecodeConfig(bytes.NewReader(seen.raw))
		if err != nil || c.Width != width || seen.status != 200 {
			t.Errorf("%q: got %d, %d pixels, %v, want %d", query, seen.status, c.Width, err, width)
		}
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Content-Encoding": "",
		} {
			if got := seen.header.Get(name); got != want {
				t.Errorf("%q: %s is %q, want %q", query, name, got, want)
			}
		}
		tag := seen.header.Get("ETag")
		if kept := s.view(url+query, "If-None-Match", `"other", W/`+tag); kept.status != 304 || len(kept.raw) > 0 {
			t.Errorf("%q: what the browser has is sent again: %d, %d bytes", query, kept.status, len(kept.raw))
		}
		if other := s.view(url+query, "If-None-Match", `"other"`); other.status != 200 {
			t.Errorf("%q: got %d", query, other.status)
		}
	}
	s.want(s.call("GET", "/images/"+noImage, "", nil), 404, "image_not_found")
	s.want(s.call("GET", url+"?width=1601", "", nil), 400, "validation_failed")
	s.want(s.call("GET", "/images/"+strings.ToUpper(uploaded.at("id").(string)), "", nil), 400, "validation_failed")
}

func TestFilesThatAreNoPicturesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	for name, file := range map[string]string{
		"SVG": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "HTML": "<!doctype html>",
		"text": "a", "half": string(picture(1200, 600)[:900]),
	} {
		a := s.want(s.call("POST", "/images", organizer, file, "Content-Type", "image/png"), 400, "invalid_image")
		if !strings.Contains(a.at("detail").(string), " ") {
			t.Errorf("%s: got %s", name, a.raw)
		}
	}
	for _, kind := range []string{
		"image/svg+xml", "image/gif", "text/html", "application/octet-stream", "", "image/png; =",
	} {
		s.want(s.call("POST", "/images", organizer, string(picture(1, 1)), "Content-Type", kind),
			415, "unsupported_media_type")
	}
	var stored int
	must(t, s.pool.QueryRow(t.Context(), `select count(*) from images`).Scan(&stored))
	if stored != 0 {
		t.Errorf("%d pictures are stored", stored)
	}
}

func TestWhoUploadsTooManyPicturesIsToldToWait(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := uuid.New()
	_, err := s.pool.Exec(t.Context(), `
		insert into images (id, width, height, uploaded_by, uploaded_at, kept_until)
		select lpad(to_hex(n), 64, '0'), 1, 1, $1, now(), now()
		from generate_series(1, $2) n`, user, images.MaxPerDay)
	must(t, err)
	a := s.want(s.call("POST", "/images", s.tokenOf(user, account.Organizer), string(picture(1, 1)),
		"Content-Type", "image/png"), 429, "too_many_images")
	if a.header.Get("Retry-After") != "3600" {
		t.Errorf("got %v", a.header)
	}
}

// Each upload takes memory until it is stored, so only some are received at once.
func TestOnlySomePicturesAreReceivedAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	const places, more = 4, 3
	done, file := make(chan int), picture(8, 8)
	var writers []*io.PipeWriter
	for range places + more {
		reader, writer := io.Pipe()
		request, err := http.NewRequest(http.MethodPost, s.url+"/images", reader)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+organizer)
		request.Header.Set("Content-Type", "image/png")
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				done <- 0
				return
			}
			_ = response.Body.Close()
			done <- response.StatusCode
		}()
		writers = append(writers, writer)
	}
	for range more {
		if status := within(t, "an answer to one too many", done); status != 503 {
			t.Errorf("got %d, want 503", status)
		}
	}
	for _, writer := range writers {
		go func() {
			_, _ = writer.Write(file) // nobody reads those that were refused
			_ = writer.Close()
		}()
	}
	for range places {
		if status := within(t, "an answer", done); status != 201 {
			t.Errorf("got %d, want 201", status)
		}
	}
	s.want(s.upload(picture(1, 1)), 201, "")
}
