package httpapi

import (
	"context"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/images"
)

const (
	// uploads is how many pictures are received at once; each takes up to 8 MB until it is stored.
	uploads = 4
	// uploadFactor is how many times as long as other bodies a picture may take to arrive.
	uploadFactor = 6
)

func imageTypes() []string { return []string{"image/jpeg", "image/png", "image/webp"} }

// takesImages is for an operation whose body is a picture. It is refused before it is read when it
// can't be one, or when too many others are being received.
func (a *api) takesImages(op *huma.Operation) {
	op.MaxBodyBytes = images.MaxBytes
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, name := range imageTypes() {
		op.RequestBody.Content[name] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	places := make(chan struct{}, uploads)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		given, _, err := mime.ParseMediaType(ctx.Header("Content-Type"))
		if _, known := op.RequestBody.Content[given]; err != nil || !known {
			a.writeError(ctx, problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
				"The Content-Type must be one of "+strings.Join(imageTypes(), ", ")))
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			a.writeError(ctx, images.ErrBusy)
			return
		}
		r, _ := humachi.Unwrap(ctx)
		middleware.ExtendBodyDeadline(r, uploadFactor)
		next(ctx)
	})
}

type uploadImageInput struct {
	RawBody []byte `contentType:"image/jpeg"`
}

// UploadedImage is a picture that an event can have.
type UploadedImage struct {
	ID     string `json:"id" pattern:"^[0-9a-f]{64}$" doc:"For the field image of an event"`
	URL    string `json:"url" doc:"See the image of an event"`
	Width  int    `json:"width" doc:"In pixels"`
	Height int    `json:"height" doc:"In pixels"`
}

// EventImage is the picture of an event.
type EventImage struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Schema tells huma that there may be none.
func (EventImage) Schema(huma.Registry) *huma.Schema {
	pixels := &huma.Schema{Type: huma.TypeInteger, Description: "In pixels"}
	return &huma.Schema{
		Type: huma.TypeObject, Nullable: true, Required: []string{"url", "width", "height"},
		Description: "null: it has none",
		Properties: map[string]*huma.Schema{
			"url": {
				Type:        huma.TypeString,
				Description: "Below the address of the API. With ?width=480 or 960 a smaller version",
			},
			"width": pixels, "height": pixels,
		},
	}
}

const imagesPath = "/images/"

// eventImageOf is a picture whose size is not known yet: see showImages.
func eventImageOf(id string) *EventImage {
	if id == "" {
		return nil
	}
	return &EventImage{URL: imagesPath + id}
}

// showImages adds the sizes of pictures to events, and leaves out pictures that are not there, as
// after a restore of another dump.
func (a *api) showImages(ctx context.Context, events ...*Event) error {
	var ids []string
	for _, e := range events {
		if e.Image != nil {
			ids = append(ids, strings.TrimPrefix(e.Image.URL, imagesPath))
		}
	}
	if ids == nil {
		return nil
	}
	found, err := a.Images.Find(ctx, ids...)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Image == nil {
			continue
		}
		img, ok := found[strings.TrimPrefix(e.Image.URL, imagesPath)]
		if !ok {
			e.Image = nil
			continue
		}
		e.Image.Width, e.Image.Height = img.Width, img.Height
	}
	return nil
}

func pointers[T any](values []T) []*T {
	all := make([]*T, len(values))
	for i := range values {
		all[i] = &values[i]
	}
	return all
}

type uploadImageOutput struct {
	Location string `header:"Location"`
	Body     UploadedImage
}

func (a *api) uploadImage(ctx context.Context, in *uploadImageInput) (*uploadImageOutput, error) {
	img, err := a.Images.Add(ctx, claimsOf(ctx).UserID, in.RawBody)
	if err != nil {
		return nil, err
	}
	url := imagesPath + img.ID
	return &uploadImageOutput{url, UploadedImage{img.ID, url, img.Width, img.Height}}, nil
}

type getImageInput struct {
	ID          string `path:"id" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits"`
	Width       int    `query:"width" minimum:"1" maximum:"1600" doc:"The least width in pixels that is enough. Pictures are kept in 480, 960 and 1600 pixels; without it, or if the picture is narrower, the answer is the largest version"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETags that the client has: when the answer would be one of these, it is 304 without a body"`
}

type getImageOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag"`
	Body         []byte
}

// getImage is for everybody, because pages can't send a token with the address of a picture. Nobody
// can guess an id.
func (a *api) getImage(ctx context.Context, in *getImageInput) (*getImageOutput, error) {
	found, err := a.Images.File(ctx, in.ID, in.Width)
	if err != nil {
		return nil, err
	}
	out := &getImageOutput{
		Status: http.StatusOK, ContentType: "image/jpeg", CacheControl: middleware.Immutable, ETag: found.ETag(),
		Body: found.Data,
	}
	if middleware.MatchesETag(in.IfNoneMatch, out.ETag) {
		out.Status, out.ContentType, out.Body = http.StatusNotModified, "", nil
	}
	return out, nil
}

// servesImages describes the answer of an operation that is a picture.
func servesImages(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "The picture",
		Content: map[string]*huma.MediaType{
			"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		},
	}
	op.Responses["304"] = &huma.Response{Description: "The client already has it"}
}
