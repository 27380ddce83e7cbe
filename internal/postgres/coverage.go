package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Coverage = (*Catalog)(nil)

func cleanDevice(device string) string { return jarvis.CleanText(device, jarvis.MaxDevice) }

// PutSpans adds spans in one transaction.
func (c *Catalog) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	spans = slices.Clone(spans)
	for i := range spans {
		s := &spans[i]
		s.Device, s.From, s.To = cleanDevice(s.Device), jarvis.Instant(s.From), jarvis.Instant(s.To)
		if err := s.Check(); err != nil {
			return err
		}
	}
	if len(spans) == 0 {
		return c.read(ctx, "put spans", func(context.Context) error { return nil })
	}
	merged, differs := mergeSpans(spans)
	return c.write(ctx, "put spans", func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
			if err := putSpans(ctx, tx, merged); err != nil {
				return err
			}
			return differs
		})
	})
}

// mergeSpans joins spans of one key, since no statement changes a row twice. The
// first that differs from one before it, if any does, is the error, and those
// from it on are left out. The others are in the order of their first.
func mergeSpans(spans []jarvis.Span) (merged []jarvis.Span, differs error) {
	type key struct {
		device string
		number int64
	}
	places := make(map[key]int)
	for _, s := range spans {
		at, known := places[key{s.Device, s.Number}]
		if !known {
			places[key{s.Device, s.Number}] = len(merged)
			merged = append(merged, s)
			continue
		}
		before := &merged[at]
		if !before.From.Equal(s.From) || before.State != s.State {
			return merged, jarvis.SpanDiffers(s)
		}
		if before.To.Before(s.To) {
			before.To = s.To
		}
	}
	return merged, nil
}

// putSpans writes in the order of the key, so that two that write the same spans
// do not wait for each other, and then looks for the first that was refused.
func putSpans(ctx context.Context, tx pgx.Tx, spans []jarvis.Span) error {
	var devices, states []string
	var numbers []int64
	var begins, ends []time.Time
	var sizes []int32
	for _, s := range spans {
		devices, numbers, states = append(devices, s.Device), append(numbers, s.Number), append(states, string(s.State))
		begins, ends, sizes = append(begins, s.From), append(ends, s.To), append(sizes, int32(s.Size()))
	}
	const given = `unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::integer[])
		WITH ORDINALITY AS given (device, number, begins, ends, state, size, place)`
	_, err := tx.Exec(ctx, `
		INSERT INTO spans AS s (device, number, begins, ends, state, size)
		SELECT device, number, begins, ends, state, size FROM `+given+` ORDER BY device COLLATE "C", number
		ON CONFLICT (device, number) DO UPDATE SET ends = excluded.ends, size = excluded.size
		WHERE s.begins = excluded.begins AND s.state = excluded.state AND s.ends < excluded.ends`, devices, numbers, begins, ends, states, sizes)
	if err != nil {
		return err
	}
	var refused int
	err = tx.QueryRow(ctx, `
		SELECT place FROM `+given+` JOIN spans AS s ON s.device = given.device COLLATE "C" AND s.number = given.number
		WHERE s.begins <> given.begins OR s.state <> given.state
		ORDER BY place LIMIT 1`, devices, numbers, begins, ends, states, sizes).Scan(&refused)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return jarvis.SpanDiffers(spans[refused-1])
}

const spanColumns = "device, number, begins, ends, state"

func scanSpan(row pgx.CollectableRow) (s jarvis.Span, err error) {
	var state string
	err = row.Scan(&s.Device, &s.Number, &s.From, &s.To, &state)
	s.From, s.To, s.State = s.From.UTC(), s.To.UTC(), jarvis.SpanState(state)
	return s, err
}

// FindSpans returns a page of spans, read device by device.
func (c *Catalog) FindSpans(ctx context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error) {
	f.Limit = cmp.Or(f.Limit, jarvis.MaxPage)
	if err := jarvis.CheckPage(f.Limit); err != nil {
		return nil, err
	}
	f.Device = cleanDevice(f.Device)
	devices := []string{f.Device}
	if f.Device == "" {
		var err error
		if devices, err = c.spanDevices(ctx); err != nil {
			return nil, err
		}
	}
	spans := []jarvis.Span{}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		devices = nil
	}
	for _, device := range devices {
		for _, part := range spanParts(device, f) {
			part.w.args = append(part.w.args, f.Limit-len(spans))
			more, err := findAll(ctx, c, "find spans", scanSpan, part.String(), part.w.args...)
			if err != nil {
				return nil, err
			}
			if spans = append(spans, more...); len(spans) == f.Limit {
				return spans, nil
			}
		}
	}
	return spans, nil
}

// spanning lists the devices that have spans, with one look at the index for each.
const spanning = `spanning (device) AS (
		SELECT min(device) FROM spans
		UNION ALL
		SELECT (SELECT min(spans.device) FROM spans WHERE spans.device > spanning.device) FROM spanning WHERE device IS NOT NULL
	)`

func (c *Catalog) spanDevices(ctx context.Context) ([]string, error) {
	return findAll(ctx, c, "find spans", pgx.RowTo[string],
		"WITH RECURSIVE "+spanning+" SELECT device FROM spanning WHERE device IS NOT NULL ORDER BY device")
}

// spanPart is a statement that reads spans of one device in their order.
type spanPart struct {
	from string
	w    conditions // whose last argument will be the limit
}

func (p *spanPart) String() string {
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY begins, number LIMIT $%d", spanColumns, p.from, &p.w, len(p.w.args))
}

// spanParts returns what reads the spans of one device: those that reach into
// the time from before it, and those that begin in it.
func spanParts(device string, f jarvis.SpanFilter) (parts []spanPart) {
	var after *jarvis.Span
	if f.After != nil {
		switch strings.Compare(device, cleanDevice(f.After.Device)) {
		case -1:
			return nil
		case 0:
			after = f.After
		}
	}
	begun := spanPart{from: "spans"}
	begun.w.add("device = %s::text", device)
	if from := floor(f.From); !f.From.IsZero() && (after == nil || floor(after.From).Before(from)) {
		parts = append(parts, reaching(device, from, after))
		begun.w.add("begins >= %s::timestamptz", from)
	} else if after != nil {
		begun.w.add("(begins, number) > (%s::timestamptz, %s::bigint)", floor(after.From), after.Number)
	}
	if !f.To.IsZero() {
		begun.w.add("begins < %s::timestamptz", bound(f.To))
	}
	return append(parts, begun)
}

// reaching reads the spans that begin before a time and end after it.
func reaching(device string, at time.Time, after *jarvis.Span) spanPart {
	var sizes []int32
	var since []time.Time
	for size := range jarvis.SpanSizes {
		sizes, since = append(sizes, int32(size)), append(since, floor(size.Since(at)))
	}
	p := spanPart{from: `unnest($1::integer[], $2::timestamptz[]) AS sizes (of_size, since) CROSS JOIN LATERAL (
		SELECT * FROM spans WHERE device = $3::text AND size = of_size AND begins >= since AND begins < $4::timestamptz OFFSET 0
	) AS spans`}
	p.w.args = []any{sizes, since, device, at}
	p.w.add("ends > %s::timestamptz", at)
	if after != nil {
		p.w.add("(begins, number) > (%s::timestamptz, %s::bigint)", floor(after.From), after.Number)
	}
	return p
}

// FindDevices describes every device.
func (c *Catalog) FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error) {
	return findAll(ctx, c, "list devices", scanDevice, findDevices, jarvis.MaxPage)
}

func scanDevice(row pgx.CollectableRow) (d jarvis.DeviceInfo, err error) {
	var newest, spansTo, used *time.Time
	err = row.Scan(&d.Device, &d.Captures, &d.Bytes, &newest, &spansTo, &used, &d.Revoked)
	d.Newest, d.SpansTo, d.LastUsed = orZero(newest), orZero(spansTo), orZero(used)
	return d, err
}

// findDevices looks for the newest capture in the index of the device as
// pageStatement does.
const findDevices = "WITH RECURSIVE " + spanning + `, counted AS (
		SELECT device, sum(captures)::bigint AS captures, sum(bytes)::bigint AS bytes FROM (
			SELECT device, captures, bytes FROM devices
			UNION ALL
			SELECT device, captures, bytes FROM counter_deltas
		) AS counts GROUP BY device HAVING sum(captures) <> 0
	), known (name) AS (
		SELECT device FROM counted
		UNION SELECT device FROM spanning WHERE device IS NOT NULL
		UNION SELECT name FROM tokens WHERE scope = 'upload'
	)
	SELECT known.name, coalesce(d.captures, 0), coalesce(d.bytes, 0),
		(SELECT timestamp FROM captures WHERE (device) >= known.name AND (device) <= known.name ORDER BY device DESC, timestamp DESC LIMIT 1),
		(SELECT max(ends) FROM spans WHERE device = known.name),
		t.last_used, t.revoked_at IS NOT NULL
	FROM known
	LEFT JOIN counted AS d ON d.device = known.name
	LEFT JOIN tokens AS t ON t.name = known.name AND t.scope = 'upload'
	ORDER BY known.name LIMIT $1`
