package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// The reference is what the API is compared with: chi and pgx with nothing around them. POST /book
// has the same contract and locks a row; GET /events runs the same query and writes the same bytes.

// serveReference reads the address of the database, says where it listens, and serves until its
// input ends.
func serveReference(ctx context.Context, read *json.Decoder, write *json.Encoder) error {
	var url string
	if err := read.Decode(&url); err != nil {
		return fmt.Errorf("read the address of the database: %w", err)
	}
	// More connections wait for each other's lock: 32 were as quick as 8, within the noise, and
	// cost PostgreSQL half as much processor time again.
	booking, err := openPool(ctx, url, 8, planner())
	if err != nil {
		return err
	}
	defer booking.Close()
	reading, err := openPool(ctx, url, 12, nil)
	if err != nil {
		return err
	}
	defer reading.Close()
	signer, err := account.NewSigner(secrets(), nil)
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
		_ = read.Decode(new(any)) // which ends with the input
		_ = server.Close()
	}()
	if err := write.Encode(l.Addr().String()); err != nil {
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

func (r *reference) book(w http.ResponseWriter, q *http.Request) {
	claims, err := r.signer.ParseAccess(strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		refuse(w, http.StatusUnauthorized, "invalid_token", "The token is missing or not valid")
		return
	}
	var in struct{ EventID uuid.UUID }
	if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, 64<<10)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "validation_failed", "The body is not JSON")
		return
	}
	booked := httpapi.BookingChange{
		Booking: httpapi.Booking{
			ID: uuid.New(), EventID: in.EventID, UserID: claims.UserID, Status: projections.BookingConfirmed,
		},
		Event: httpapi.EventSummary{ID: in.EventID},
	}
	isSold := false
	err = pgx.BeginFunc(q.Context(), r.booking, func(tx pgx.Tx) error {
		isSold, err = sell(q.Context(), tx, &booked)
		return err
	})
	switch {
	case err != nil:
		refuse(w, http.StatusInternalServerError, "internal", err.Error())
	case !isSold:
		refuse(w, http.StatusConflict, "sold_out", "No tickets available")
	default:
		answer(w, http.StatusCreated, booked)
	}
}

func sell(ctx context.Context, tx pgx.Tx, b *httpapi.BookingChange) (isSold bool, err error) {
	e := &b.Event
	err = tx.QueryRow(ctx, `select title, remaining, version from bench.sales where id = $1 for update`, e.ID).
		Scan(&e.Title, &e.RemainingTickets, &e.Version)
	if err != nil || e.RemainingTickets == 0 {
		return false, err
	}
	var isBooked bool
	err = tx.QueryRow(ctx, `select exists (select from bench.tickets where event_id = $1 and user_id = $2)`,
		e.ID, b.Booking.UserID).Scan(&isBooked)
	if err != nil || isBooked {
		return false, err
	}
	err = tx.QueryRow(ctx, `
		update bench.sales set remaining = remaining - 1, version = version + 1
		where id = $1
		returning remaining, version`, e.ID).Scan(&e.RemainingTickets, &e.Version)
	if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, `
		insert into bench.tickets (id, event_id, user_id, status) values ($1, $2, $3, $4)
		returning created_at`, b.Booking.ID, e.ID, b.Booking.UserID, b.Booking.Status).Scan(&b.Booking.CreatedAt)
	return err == nil, err
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
	_, err = db.conn.Exec(ctx, `insert into bench.sales select id, 'Concert', $2, 1 from unnest($1::uuid[]) id`,
		arrays(events), tickets)
	return err
}

func (r *reference) list(w http.ResponseWriter, q *http.Request) {
	const limit = 10
	query := projections.EventQuery{Sort: projections.SortByDate, Page: 1, Limit: limit}
	rows, total, err := r.events.List(q.Context(), query)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "internal", err.Error())
		return
	}
	page := httpapi.EventPage{
		Data: make([]httpapi.Event, 0, len(rows)),
		Meta: httpapi.PageMeta{Total: total, Page: 1, Limit: limit, TotalPages: (total + limit - 1) / limit},
	}
	for _, e := range rows {
		// The events here have currencies of two decimals.
		price := fmt.Sprintf("%d.%02d", e.Price.Minor/100, e.Price.Minor%100)
		page.Data = append(page.Data, httpapi.Event{
			ID: e.ID, Title: e.Title, Description: e.Description, Date: e.StartsAt, TimeZone: e.TimeZone,
			Venue: e.Venue, TotalTickets: e.Capacity, RemainingTickets: e.Remaining, Price: httpapi.Decimal(price),
			Currency: e.Price.Currency, Status: e.Status, Version: e.Version,
		})
	}
	answer(w, http.StatusOK, page)
}

func refuse(w http.ResponseWriter, status int, code, detail string) {
	answer(w, status, problem.Problem{
		Type: "urn:problem", Title: http.StatusText(status), Status: status, Detail: detail, Code: code,
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone, if anything
}
