package bus

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

// A record is a message whose payload is its data, byte for byte, whose UUID is its position, and whose metadata is the rest. On the
// wire the metadata are headers, which can't hold every text: there, the metadata of the record are in base64 where they have to be.
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
	if json.Unmarshal(r.Metadata, &about) == nil && about.CorrelationID != "" && !strings.ContainsAny(about.CorrelationID, "\r\n") {
		middleware.SetCorrelationID(about.CorrelationID, m) // for whoever reads it with watermill's middleware
	}
	return m
}

// subjectOf lets subscribers choose one stream, or one type: boxoffice.log.*.TicketBooked.
func subjectOf(topic string, m *message.Message) string {
	return topic + "." + m.Metadata.Get(streamIDKey) + "." + strings.Map(subjectRune, m.Metadata.Get(typeKey))
}

// subjectRune replaces what has a meaning in subjects. Names of types are words; this is so that none can stop the rest.
func subjectRune(r rune) rune {
	if r <= ' ' || r == '.' || r == '*' || r == '>' {
		return '_'
	}
	return r
}

func recordOf(m *message.Message) (r eventstore.Record, err error) {
	var errs [6]error
	r.Position, errs[0] = strconv.ParseInt(m.UUID, 10, 64)
	r.StreamID, errs[1] = uuid.Parse(m.Metadata.Get(streamIDKey))
	r.Version, errs[2] = strconv.Atoi(m.Metadata.Get(versionKey))
	schema, err := strconv.ParseInt(m.Metadata.Get(schemaVersionKey), 10, 16)
	r.SchemaVersion, errs[3] = int16(schema), err
	r.RecordedAt, errs[4] = time.Parse(time.RFC3339Nano, m.Metadata.Get(recordedAtKey))
	hash, err := hex.DecodeString(m.Metadata.Get(hashKey))
	if errs[5] = err; err == nil && len(hash) != len(r.Hash) {
		errs[5] = fmt.Errorf("a hash of %d bytes", len(hash))
	}
	copy(r.Hash[:], hash)
	r.Type, r.Data, r.Metadata = m.Metadata.Get(typeKey), m.Payload, []byte(m.Metadata.Get(metadataKey))
	if text := m.Metadata.Get(metadataBase64Key); text != "" {
		r.Metadata, err = base64.StdEncoding.DecodeString(text)
	} else {
		err = nil
	}
	if err := errors.Join(append(errs[:], err)...); err != nil {
		return eventstore.Record{}, fmt.Errorf("message %q is not a record: %w", m.UUID, err)
	}
	return r, nil
}
