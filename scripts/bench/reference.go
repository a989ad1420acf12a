package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// The reference is what the API is compared with: chi and pgx with nothing around them. POST /book has the same contract and
// locks a row; GET /events runs the same query and writes the same bytes.

const referenceArg = "reference"

// rowLockConnections take less processor time than more of them, which wait for each other's lock: 32 were as quick, within the noise,
// and cost PostgreSQL half as much again.
const rowLockConnections = 8

// serveReference reads the address of the database, says where it listens, and serves until its input ends.
func serveReference(ctx context.Context, in io.Reader, out io.Writer) error {
	var url string
	if err := json.NewDecoder(in).Decode(&url); err != nil {
		return fmt.Errorf("read the address of the database: %w", err)
	}
	booking, err := openPool(ctx, url, rowLockConnections, planner())
	if err != nil {
		return err
	}
	defer booking.Close()
	reading, err := openPool(ctx, url, 12, nil)
	if err != nil {
		return err
	}
	defer reading.Close()
	signer, err := account.NewSigner(secrets, nil)
	if err != nil {
		return err
	}
	r := &reference{booking, projections.NewEvents(reading), signer}
	router := chi.NewMux()
	router.Post("/book", r.book)
	router.Get("/events", r.list)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: router, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, in) // until it ends
		_ = server.Close()
	}()
	if _, err := fmt.Fprintf(out, "API http://%s\n", l.Addr()); err != nil {
		return err
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type reference struct {
	booking *pgxpool.Pool
	events  *projections.Events
	signer  *account.Signer
}

type bookingJSON struct {
	ID        uuid.UUID `json:"id"`
	EventID   uuid.UUID `json:"eventId"`
	UserID    uuid.UUID `json:"userId"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"createdAt"`
}

type summaryJSON struct {
	ID               uuid.UUID `json:"id"`
	Title            string    `json:"title"`
	RemainingTickets int       `json:"remainingTickets"`
	Version          int       `json:"version"`
}

type bookedJSON struct {
	Booking bookingJSON `json:"booking"`
	Event   summaryJSON `json:"event"`
}

type problemJSON struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

func (r *reference) claims(w http.ResponseWriter, q *http.Request) (account.Claims, bool) {
	claims, err := r.signer.ParseAccess(strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		answer(w, http.StatusUnauthorized, problemJSON{"urn:problem", "Unauthorized", http.StatusUnauthorized, "The token is missing or not valid", "invalid_token"})
	}
	return claims, err == nil
}

var errSoldOut = errors.New("sold out")

func (r *reference) book(w http.ResponseWriter, q *http.Request) {
	claims, ok := r.claims(w, q)
	if !ok {
		return
	}
	var wish struct{ EventID uuid.UUID }
	if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, 64<<10)).Decode(&wish); err != nil {
		answer(w, http.StatusBadRequest, problemJSON{"urn:problem", "Bad Request", http.StatusBadRequest, "The body is not JSON", "validation_failed"})
		return
	}
	booked := bookedJSON{Booking: bookingJSON{ID: uuid.New(), EventID: wish.EventID, UserID: claims.UserID, Status: "CONFIRMED"}, Event: summaryJSON{ID: wish.EventID}}
	err := pgx.BeginFunc(q.Context(), r.booking, func(tx pgx.Tx) error { return booked.record(q.Context(), tx) })
	switch {
	case errors.Is(err, errSoldOut):
		answer(w, http.StatusConflict, problemJSON{"urn:problem", "Conflict", http.StatusConflict, "No tickets available", "sold_out"})
	case err != nil:
		answer(w, http.StatusInternalServerError, problemJSON{"urn:problem", "Internal Server Error", http.StatusInternalServerError, err.Error(), "internal"})
	default:
		answer(w, http.StatusCreated, booked)
	}
}

func (b *bookedJSON) record(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, `select title, remaining, version from bench.sales where id = $1 for update`, b.Event.ID).Scan(&b.Event.Title, &b.Event.RemainingTickets, &b.Event.Version)
	if err != nil {
		return err
	}
	if b.Event.RemainingTickets == 0 {
		return errSoldOut
	}
	var isBooked bool
	err = tx.QueryRow(ctx, `select exists (select from bench.tickets where event_id = $1 and user_id = $2)`, b.Event.ID, b.Booking.UserID).Scan(&isBooked)
	if err != nil || isBooked {
		return errors.Join(err, errSoldOut)
	}
	err = tx.QueryRow(ctx, `update bench.sales set remaining = remaining - 1, version = version + 1 where id = $1 returning remaining, version`, b.Event.ID).
		Scan(&b.Event.RemainingTickets, &b.Event.Version)
	if err != nil {
		return err
	}
	return tx.QueryRow(ctx, `insert into bench.tickets (id, event_id, user_id, status) values ($1, $2, $3, $4) returning created_at`,
		b.Booking.ID, b.Event.ID, b.Booking.UserID, b.Booking.Status).Scan(&b.Booking.CreatedAt)
}

// prepareReference makes the tables of the row lock, and events with so many tickets.
func prepareReference(ctx context.Context, db *database, events []uuid.UUID, tickets int) error {
	_, err := db.conn.Exec(ctx, `
		create schema bench;
		create table bench.sales (
			id        uuid primary key,
			title     text not null,
			remaining int  not null check (remaining >= 0),
			version   int  not null
		);
		create table bench.tickets (
			id         uuid        primary key,
			event_id   uuid        not null,
			user_id    uuid        not null,
			status     text        not null,
			created_at timestamptz not null default now(),
			unique (event_id, user_id)
		)`)
	if err != nil {
		return err
	}
	_, err = db.conn.Exec(ctx, `insert into bench.sales select id, 'Concert', $2, 1 from unnest($1::uuid[]) id`, arrays(events), tickets)
	return err
}

type eventJSON struct {
	ID               uuid.UUID   `json:"id"`
	Title            string      `json:"title"`
	Description      string      `json:"description"`
	Date             time.Time   `json:"date"`
	TimeZone         string      `json:"timeZone"`
	Venue            string      `json:"venue"`
	TotalTickets     int         `json:"totalTickets"`
	RemainingTickets int         `json:"remainingTickets"`
	Price            json.Number `json:"price"`
	Currency         string      `json:"currency"`
	Status           string      `json:"status"`
	Version          int         `json:"version"`
}

type pageJSON struct {
	Data []eventJSON `json:"data"`
	Meta struct {
		Total      int `json:"total"`
		Page       int `json:"page"`
		Limit      int `json:"limit"`
		TotalPages int `json:"totalPages"`
	} `json:"meta"`
}

func (r *reference) list(w http.ResponseWriter, q *http.Request) {
	rows, total, err := r.events.List(q.Context(), projections.EventQuery{Sort: projections.SortByDate, Page: 1, Limit: 10})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	page := pageJSON{Data: make([]eventJSON, 0, len(rows))}
	page.Meta.Total, page.Meta.Page, page.Meta.Limit, page.Meta.TotalPages = total, 1, 10, (total+9)/10
	for _, e := range rows {
		page.Data = append(page.Data, eventJSON{
			e.ID, e.Title, e.Description, e.StartsAt, e.TimeZone, e.Venue, e.Capacity, e.Remaining,
			amount(e.Price), e.Price.Currency, e.Status, e.Version,
		})
	}
	answer(w, http.StatusOK, page)
}

// amount is right for currencies of two decimals, which is what the events here have.
func amount(m domain.Money) json.Number {
	return json.Number(fmt.Sprintf("%d.%02d", m.Minor/100, m.Minor%100))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone, if anything
}
