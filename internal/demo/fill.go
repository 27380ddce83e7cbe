package demo

import (
	"bytes"
	"cmp"
	"context"
	"image/jpeg"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	// quality of the JPEGs: letters are sharp, and a screen has some 130 KB.
	quality = 72
	// inFlight is how many captures are stored at once: what takes time is that a
	// disk syncs.
	inFlight = 12
	// spansAtOnce is how many spans are stored in one transaction.
	spansAtOnce = 500
)

// complete checks options and fills in what they leave open.
func complete(o Options) (Options, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	o.Days, o.Devices, o.PerDay = cmp.Or(o.Days, 2), cmp.Or(o.Devices, 2), cmp.Or(o.PerDay, 600)
	o.Monitors = cmp.Or(o.Monitors, o.Devices+1)
	o.End = jarvis.Instant(o.End)
	switch {
	case o.Days < 1 || o.Days > 366:
		return o, jarvis.Errorf(jarvis.CodeInvalid, "%d days cannot be simulated: it is 1 to 366", o.Days)
	case o.Devices < 1 || o.Devices > 3:
		return o, jarvis.Errorf(jarvis.CodeInvalid, "%d devices cannot be simulated: it is 1 to 3", o.Devices)
	case o.Monitors < o.Devices || o.Monitors > 5*o.Devices:
		return o, jarvis.Errorf(jarvis.CodeInvalid, "%d monitors cannot be simulated: each device has 1 to 5", o.Monitors)
	case o.PerDay < 1 || o.PerDay > 50_000:
		return o, jarvis.Errorf(jarvis.CodeInvalid, "%d captures a day cannot be simulated: it is 1 to 50000", o.PerDay)
	case o.End.AddDate(-3, 0, 0).Before(jarvis.MinTime) || o.End.After(jarvis.MaxTime.AddDate(0, 0, -2)):
		return o, jarvis.Errorf(jarvis.CodeInvalid, "a simulation does not end in the year %d", o.End.Year())
	}
	return o, nil
}

// picture is a drawn screen, and what is on it.
type picture struct {
	view    view
	data    []byte
	reading *jarvis.Reading
	known   map[KnownKind][]jarvis.Box // of the known words that are on it
}

// filling is a Fill under way.
type filling struct {
	*planner
	sink   Sink
	report jarvis.Progress

	mu   sync.Mutex // guards what follows, and the result
	done int64
	hits map[KnownKind][]Hit
}

// scene is the captures of one picture.
type scene struct {
	view    view
	moments []moment
}

// task is a capture to be stored.
type task struct {
	moment  moment
	picture *picture
}

func fill(ctx context.Context, sink Sink, o Options, report jarvis.Progress) (*Result, error) {
	o, err := complete(o)
	if err != nil {
		return nil, err
	}
	if report == nil {
		report = func(int64, int64) {}
	}
	f := &filling{planner: plan(o), sink: sink, report: report, hits: map[KnownKind][]Hit{}}
	for spans := range slices.Chunk(f.result.Spans, spansAtOnce) {
		if err := sink.PutSpans(ctx, spans); err != nil {
			return nil, err
		}
	}
	if err := f.run(ctx); err != nil {
		return nil, err
	}
	f.result.Captures = f.done
	f.result.Known = f.known()
	return &f.result, nil
}

// scenes returns the captures by picture, those first that come first.
func (f *filling) scenes() []*scene {
	var scenes []*scene
	byView := map[view]*scene{}
	for _, m := range f.moments {
		s := byView[m.view]
		if s == nil {
			s = &scene{view: m.view}
			byView[m.view] = s
			scenes = append(scenes, s)
		}
		s.moments = append(s.moments, m)
	}
	f.moments = nil
	f.result.Pictures = len(scenes)
	return scenes
}

// run draws with as many goroutines as there are processors, and stores with more.
func (f *filling) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := f.scenes()
	total := int64(0)
	for _, s := range all {
		total += int64(len(s.moments))
	}
	scenes, tasks := make(chan *scene), make(chan task)
	var drawers, storers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		drawers.Go(func() {
			if err := f.drawAll(ctx, scenes, tasks); err != nil {
				cancel(err)
			}
		})
	}
	for range inFlight {
		storers.Go(func() {
			for t := range tasks {
				if ctx.Err() != nil {
					continue // what draws may wait for it
				}
				if err := f.store(ctx, t, total); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, s := range all {
		select {
		case scenes <- s:
		case <-ctx.Done():
		}
	}
	close(scenes)
	drawers.Wait()
	close(tasks)
	storers.Wait()
	return context.Cause(ctx)
}

func (f *filling) drawAll(ctx context.Context, scenes <-chan *scene, tasks chan<- task) error {
	p, err := newPainter()
	for s := range scenes {
		if err != nil || ctx.Err() != nil {
			continue
		}
		var drawn *picture
		if drawn, err = p.picture(s.view); err != nil {
			continue
		}
		for _, m := range s.moments {
			tasks <- task{m, drawn}
		}
	}
	return err
}

// picture draws a view.
func (p *painter) picture(v view) (*picture, error) {
	c := p.draw(v)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, c.img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "demo", "a screen cannot be encoded", err)
	}
	return &picture{view: v, data: b.Bytes(), reading: c.reading(), known: knownOn(c.words, v.plant)}, nil
}

// store stores a capture, what is on it, and whether it is pinned.
func (f *filling) store(ctx context.Context, t task, total int64) error {
	title, address := t.picture.view.window()
	switch t.moment.view.plant.kind {
	case KnownTitle:
		title += ", " + titleText
	case KnownURL:
		address += "?from=" + urlText
	}
	device := f.result.Devices[t.moment.machine]
	s := jarvis.Submission{
		Data: t.picture.data, Timestamp: t.moment.at, Monitor: t.moment.monitor,
		Device: device.Name, AppName: t.moment.view.app, WindowTitle: title, URL: address,
	}
	reading := *t.picture.reading
	if t.moment.hostile > 0 {
		hostiles[t.moment.hostile-1].apply(&s, &reading)
	}
	stored, err := f.sink.Ingest(ctx, s)
	if err != nil {
		return err
	}
	id := stored.Capture.ID
	reading.ReadAt = t.moment.at.Add(time.Second)
	if err := f.sink.Read(ctx, id, &reading); err != nil {
		return err
	}
	if t.moment.view.plant.kind == KnownPinned {
		if err := f.sink.SetPinned(ctx, id, true); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind, boxes := range t.picture.known {
		f.hits[kind] = append(f.hits[kind], Hit{id, t.moment.at, device.Name, t.moment.monitor, boxes})
	}
	f.done++
	f.result.Bytes += int64(len(s.Data))
	f.report(f.done, total)
	return nil
}
