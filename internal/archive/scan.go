package archive

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jarvis-memory/jarvis"
)

// visitor sees each finding, may mend it, and reports false when the finding is
// not to be reported. It is called concurrently.
type visitor func(context.Context, Finding) (Finding, bool)

// scan is one pass over catalogue and tree.
type scan struct {
	archive *Archive
	scope   scope
	deep    bool
	meter   *meter
	visit   visitor
	out     func(Finding)

	report     VerifyReport
	loose      int64                // files without a row, pending or not
	folders    map[jarvis.Day]bool  // days that have a folder
	gone       map[jarvis.Day]int64 // rows without image by folder that is gone
	unfinished map[jarvis.ID]bool   // interrupted deletions that are still so

	// Of the day under way:
	files   map[string]file   // images that no row was found for yet, by base name
	foreign []jarvis.BlobInfo // files that no capture could have
	batch   []deepRow         // rows to be examined deeply
}

// file is what the scan keeps of a file of the day.
type file struct {
	size     int64
	modified time.Time
}

// deepRow is a row whose image was found.
type deepRow struct {
	row  jarvis.FileRecord
	name jarvis.BlobName
}

func (a *Archive) newScan(scope scope, deep bool, meter *meter, visit visitor, out func(Finding)) *scan {
	return &scan{
		archive:    a,
		scope:      scope,
		deep:       deep,
		meter:      meter,
		visit:      visit,
		out:        out,
		report:     VerifyReport{Found: make(map[Kind]int64)}, // in JSON {}, not null
		folders:    make(map[jarvis.Day]bool),
		gone:       make(map[jarvis.Day]int64),
		unfinished: make(map[jarvis.ID]bool),
		files:      make(map[string]file),
	}
}

// run makes the pass.
func (s *scan) run(ctx context.Context) (VerifyReport, error) {
	err := s.deletes(ctx)
	if err == nil {
		err = s.days(ctx)
	}
	if err == nil {
		s.goneDays(ctx)
	}
	return s.report, err
}

// emit hands a finding on.
func (s *scan) emit(ctx context.Context, f Finding) { s.emitAll(ctx, []*Finding{&f}) }

// emitAll hands findings on, leaving out the nil ones. They are visited several
// at once, so that what mends them shares the syncs of the disk, and reported in
// their order.
func (s *scan) emitAll(ctx context.Context, findings []*Finding) {
	so := make([]bool, len(findings))
	eachOf(len(findings), func(i int) {
		if f := findings[i]; f != nil {
			*f, so[i] = s.visit(ctx, *f)
		}
	})
	for i, f := range findings {
		if so[i] {
			s.report.add(*f)
			s.out(*f)
		}
	}
}

// days goes through the days that have rows or a folder, oldest first.
func (s *scan) days(ctx context.Context) error {
	folders, err := s.archive.blobs.Days(ctx)
	if err != nil {
		return err
	}
	for _, day := range folders {
		s.folders[day] = true
	}
	folders = slices.DeleteFunc(folders, func(day jarvis.Day) bool { return !s.scope.holds(day) })
	rows := s.archive.rows(s.scope)
	for {
		row, err := rows.peek(ctx)
		if err != nil {
			return err
		}
		var day jarvis.Day
		switch {
		case row == nil && len(folders) == 0:
			return nil
		case row == nil:
			day = folders[0]
		default:
			day = jarvis.DayOf(row.Timestamp)
			if len(folders) > 0 && folders[0].Compare(day) < 0 {
				day = folders[0]
			}
		}
		if len(folders) > 0 && folders[0] == day {
			folders = folders[1:]
		}
		if err := s.day(ctx, day, rows); err != nil {
			return err
		}
	}
}

// day compares the rows of one day with the files in its folder.
func (s *scan) day(ctx context.Context, day jarvis.Day, rows *rows) error {
	if err := s.walk(ctx, day); err != nil {
		return err
	}
	for {
		row, err := rows.peek(ctx)
		if err != nil {
			return err
		}
		if row == nil || jarvis.DayOf(row.Timestamp) != day {
			break
		}
		if err := s.row(ctx, day, *row); err != nil {
			return err
		}
		rows.pass()
	}
	if err := s.examine(ctx); err != nil {
		return err
	}
	return s.leftovers(ctx, day)
}

// walk reads the folder of a day.
func (s *scan) walk(ctx context.Context, day jarvis.Day) error {
	clear(s.files)
	s.foreign = s.foreign[:0]
	if !s.folders[day] {
		return nil
	}
	err := s.archive.blobs.WalkDay(ctx, day, func(info jarvis.BlobInfo) error {
		s.report.Files++
		s.report.Bytes += info.Size
		if info.Name.IsZero() {
			s.foreign = append(s.foreign, info)
		} else {
			s.files[info.Base] = file{info.Size, info.ModTime}
		}
		return nil
	})
	if errors.Is(err, jarvis.ErrNotFound) {
		delete(s.folders, day)
		return nil
	}
	return err
}

// row checks one row, and passes the file that it names.
func (s *scan) row(ctx context.Context, day jarvis.Day, r jarvis.FileRecord) error {
	s.report.Captures++
	name, ok := ownName(r.ID, r.Filepath)
	if !ok {
		s.emit(ctx, Finding{
			Kind: KindPath, Day: day, ID: r.ID, Path: r.Filepath,
			Detail: "the row names what is not an image of its capture",
		})
		s.meter.tick(1)
		return nil
	}
	// The folders of an older Jarvis, whose paths are absolute, may follow
	// another time zone.
	if !strings.HasPrefix(r.Filepath, "/") && (name.Day() != day || name.String() != r.Filepath) {
		s.emit(ctx, Finding{
			Kind: KindPath, Day: day, ID: r.ID, Path: r.Filepath,
			Detail: "the row's path is not in the folder of its date, " + day.Folder(),
		})
	}
	size, found, err := s.locate(ctx, day, name)
	switch {
	case err != nil:
		return err
	case !found:
		s.meter.tick(1)
		return s.missing(ctx, r, name)
	case size != r.Size:
		if fits, err := s.fits(ctx, r, name); err != nil || !fits {
			s.meter.tick(1)
			return err
		}
	}
	if !s.deep {
		s.meter.tick(1)
		return nil
	}
	if s.batch = append(s.batch, deepRow{r, name}); len(s.batch) == deepBatch {
		return s.examine(ctx)
	}
	return nil
}

// locate returns the size of an image, from the walk if it saw it.
func (s *scan) locate(ctx context.Context, day jarvis.Day, name jarvis.BlobName) (size int64, found bool, err error) {
	if name.Day() == day {
		if f, ok := s.files[name.Base()]; ok {
			delete(s.files, name.Base())
			return f.size, true, nil
		}
	}
	info, err := s.archive.blobs.Stat(ctx, name)
	if errors.Is(err, jarvis.ErrNotFound) {
		return 0, false, nil
	}
	return info.Size, err == nil, err
}

// missing reports a row without image, after looking again: a deletion removes
// the row first, and an image that is put back comes before its row changes.
func (s *scan) missing(ctx context.Context, r jarvis.FileRecord, name jarvis.BlobName) error {
	row, err := s.archive.current(ctx, r)
	if row == nil || err != nil {
		return err
	}
	if _, found, err := s.locate(ctx, jarvis.Day{}, name); found || err != nil {
		return err
	}
	if !s.folders[name.Day()] {
		s.gone[name.Day()]++
		return nil
	}
	s.emit(ctx, Finding{
		Kind: KindMissing, Day: name.Day(), ID: r.ID, Path: name.String(),
		Detail: "the image is gone: put the file back from a copy, or add the picture again; jarvis verify --forget-missing drops the row",
	})
	return nil
}

// fits looks again at an image that has not the size that its row gave, and
// reports it unless its size is right or not known.
func (s *scan) fits(ctx context.Context, r jarvis.FileRecord, name jarvis.BlobName) (bool, error) {
	row, err := s.archive.current(ctx, r)
	if row == nil || err != nil {
		return false, err
	}
	info, err := s.archive.blobs.Stat(ctx, name)
	if errors.Is(err, jarvis.ErrNotFound) {
		return false, s.missing(ctx, r, name)
	}
	want := storedSize(row)
	if err != nil || want == 0 || info.Size == want {
		return err == nil, err
	}
	s.emit(ctx, Finding{
		Kind: KindSize, Day: name.Day(), ID: r.ID, Path: name.String(),
		Detail: jarvis.Errorf(jarvis.CodeCorrupt, "the file has %d bytes instead of %d: put it back from a copy, or add the picture again", info.Size, want).Message,
	})
	return false, nil
}

// deepBatch is how many images are examined between two that are not at once.
const deepBatch = 64

// examine reads and decodes the images of the batch, as many at once as there
// are processors, and reports in the order of the rows.
func (s *scan) examine(ctx context.Context) error {
	findings := make([]*Finding, len(s.batch))
	var unopened atomic.Int64
	group, deepCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range s.batch {
		group.Go(func() (err error) {
			findings[i], err = s.archive.examine(deepCtx, d.row, d.name)
			if errors.Is(err, jarvis.ErrLocked) {
				unopened.Add(1)
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.report.Unopened += unopened.Load()
	s.emitAll(ctx, findings)
	s.meter.tick(int64(len(s.batch)))
	s.batch = s.batch[:0]
	return nil
}

// leftoverBatch is how many leftovers are judged before they are reported.
const leftoverBatch = 256

// leftovers reports the files of the day that no row was found for.
func (s *scan) leftovers(ctx context.Context, day jarvis.Day) error {
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(s.files)), leftoverBatch) {
		findings := make([]*Finding, len(chunk))
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for i, base := range chunk {
			name, ok := jarvis.NewDayEntryName(day, base)
			if !ok || s.unfinished[name.ID()] {
				continue
			}
			group.Go(func() (err error) {
				findings[i], err = s.leftover(groupCtx, name)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, f := range findings {
			if f != nil {
				s.loose++
			}
		}
		s.emitAll(ctx, findings)
	}
	slices.SortFunc(s.foreign, func(a, b jarvis.BlobInfo) int { return strings.Compare(a.Base, b.Base) })
	for _, info := range s.foreign {
		s.loose++
		f := Finding{
			Kind: KindForeign, Day: day, Path: day.Folder() + "/" + info.Base, Remedy: RemedyQuarantine,
			Detail: "the file is not an image that a capture could have",
		}
		if s.archive.young(info.ModTime) {
			f = pendingFinding(f)
		}
		s.emit(ctx, f)
	}
	return nil
}

// leftover returns what is to be said of an image that no row was found for, and
// nil when nothing is.
func (s *scan) leftover(ctx context.Context, name jarvis.BlobName) (*Finding, error) {
	v, err := s.archive.judge(ctx, name)
	if err == nil && v.deleted {
		// A deletion that is under way ends while we wait for its lock. Where
		// nothing can be locked, nothing is being deleted.
		if unlock, lockErr := s.archive.lock(ctx, name.ID()); lockErr == nil {
			unlock()
		} else if ctx.Err() != nil {
			return nil, lockErr
		}
		v, err = s.archive.judge(ctx, name)
	}
	return v.finding, err
}

// deletes reports the deletions that were interrupted.
func (s *scan) deletes(ctx context.Context) error {
	var after jarvis.ID
	for {
		page, err := s.archive.catalog.PendingDeletes(ctx, after, deletePage)
		if err != nil || len(page) == 0 {
			return err
		}
		// Those that are under way end while we wait for their locks.
		for _, p := range page {
			if unlock, err := s.archive.lock(ctx, p.ID); err == nil {
				unlock()
			} else if ctx.Err() != nil {
				return err
			}
		}
		still, err := s.archive.catalog.PendingDeletes(ctx, after, deletePage)
		if err != nil {
			return err
		}
		for _, p := range page {
			if slices.Contains(still, p) {
				s.interrupted(ctx, p)
			}
		}
		after = page[len(page)-1].ID
	}
}

func (s *scan) interrupted(ctx context.Context, p jarvis.PendingDelete) {
	f := Finding{
		Kind: KindDelete, ID: p.ID, Path: p.Filepath, Remedy: RemedyFinish,
		Detail: "the deletion of this capture was begun and not finished",
	}
	if name, ok := ownName(p.ID, p.Filepath); ok {
		f.Day, f.Path = name.Day(), name.String()
	}
	s.unfinished[p.ID] = true
	s.emit(ctx, f)
}

// goneDays reports the folders that are gone with images of rows in range.
func (s *scan) goneDays(ctx context.Context) {
	for _, day := range slices.SortedFunc(maps.Keys(s.gone), jarvis.Day.Compare) {
		s.emit(ctx, Finding{
			Kind: KindDayGone, Day: day, Path: day.Folder(), Captures: s.gone[day],
			Detail: "the folder of the day is gone with the images of " + captures(s.gone[day]) + ": put it back, or drop the rows with jarvis verify --forget-missing",
		})
	}
}
