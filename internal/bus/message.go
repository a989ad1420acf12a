package bus

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/boxoffice/boxoffice/eventstore"
)

// A record is a message whose payload is its data, byte for byte, whose UUID is its position, and
// whose metadata is the rest. On the wire the metadata are headers, which can't hold every text:
// there, the metadata of the record are in base64 where they have to be.
const (
	streamIDKey       = "stream_id"
	versionKey        = "version"
	typeKey           = "type"
	schemaVersionKey  = "schema_version"
	recordedAtKey     = "recorded_at"
	hashKey           = "hash"
	metadataKey       = "metadata"
	metadataBase64Key = "metadata_base64"
)

func messageOf(r *eventstore.Record) *message.Message {
	m := message.NewMessage(strconv.FormatInt(r.Position, 10), r.Data)
	m.Metadata = message.Metadata{
		streamIDKey:      r.StreamID.String(),
		versionKey:       strconv.Itoa(r.Version),
		typeKey:          r.Type,
		schemaVersionKey: strconv.Itoa(int(r.SchemaVersion)),
		recordedAtKey:    r.RecordedAt.UTC().Format(time.RFC3339Nano),
		hashKey:          r.Hash.String(),
	}
	if text := string(r.Metadata); strings.TrimSpace(text) == text && !strings.ContainsAny(text, "\r\n") {
		m.Metadata.Set(metadataKey, text)
	} else {
		m.Metadata.Set(metadataBase64Key, base64.StdEncoding.EncodeToString(r.Metadata))
	}
	var about eventstore.Metadata
	if json.Unmarshal(r.Metadata, &about) == nil && about.CorrelationID != "" &&
		!strings.ContainsAny(about.CorrelationID, "\r\n") {
		middleware.SetCorrelationID(about.CorrelationID, m) // for readers with watermill's middleware
	}
	return m
}

// subjectOf lets subscribers choose one stream, or one type: boxoffice.log.*.TicketBooked.
func subjectOf(topic string, m *message.Message) string {
	return topic + "." + m.Metadata.Get(streamIDKey) + "." + strings.Map(subjectRune, m.Metadata.Get(typeKey))
}

// subjectRune replaces what has a meaning in subjects. Names of types are words; this is so that
// none can stop the rest.
func subjectRune(r rune) rune {
	if r <= ' ' || r == '.' || r == '*' || r == '>' {
		return '_'
	}
	return r
}
