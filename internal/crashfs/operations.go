package crashfs

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// Create implements fsblob.FileSystem.
func (f *FS) Create(name string) (fsblob.File, error) {
	var opened fsblob.File
	err := f.step(Create, name, func() error {
		if err := f.vacant(Create, name); err != nil {
			return err
		}
		mem, err := f.mem.Create(memPath(name), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		f.added(name)
		opened = &file{f, mem, name}
		return nil
	}, nil)
	return opened, err
}

// Open implements fsblob.FileSystem.
func (f *FS) Open(name string) (fsblob.File, error) {
	var opened fsblob.File
	err := f.step(Open, name, func() error {
		info, err := f.stat(Open, name)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return &fs.PathError{Op: string(Open), Path: name, Err: fsblob.ErrNotRegular}
		}
		mem, err := f.mem.Open(memPath(name))
		if err != nil {
			return err
		}
		opened = &file{f, mem, name}
		return nil
	}, nil)
	return opened, err
}

// OpenDir implements fsblob.FileSystem.
func (f *FS) OpenDir(name string) (fsblob.Dir, error) {
	var opened fsblob.Dir
	err := f.step(OpenDir, name, func() error {
		if err := f.isFolder(OpenDir, name); err != nil {
			return err
		}
		mem, err := f.mem.OpenDir(memPath(name))
		if err != nil {
			return err
		}
		opened = &dir{fs: f, mem: mem, name: name}
		return nil
	}, nil)
	return opened, err
}

// FolderState implements fsblob.FileSystem, without ticks.
func (f *FS) FolderState(name string) (state fsblob.FolderState, err error) {
	err = f.step(State, name, func() error {
		state.Changed = f.changed[name]
		return f.isFolder(State, name)
	}, nil)
	return state, err
}

// added and removed note a change of a folder. f.mu is held.
func (f *FS) added(name string) {
	delete(f.unsyncedRM, name)
	f.touch(name)
}

func (f *FS) removed(name string) {
	f.unsyncedRM[name] = true
	f.touch(name)
}

func (f *FS) touch(name string) {
	f.changes++
	f.changed[path.Dir(name)] = f.changes
}

// Mkdir implements fsblob.FileSystem.
func (f *FS) Mkdir(name string) error {
	return f.step(Mkdir, name, func() error {
		if err := f.vacant(Mkdir, name); err != nil {
			return err
		}
		f.added(name)
		f.changed[name] = f.changes
		return f.mem.MkdirAll(memPath(name), 0o700)
	}, nil)
}

// Link implements fsblob.FileSystem.
func (f *FS) Link(oldname, newname string) error {
	return f.step(Link, oldname+" "+newname, func() error {
		if _, err := f.stat(Link, oldname); err != nil {
			return err
		}
		if err := f.vacant(Link, newname); err != nil {
			return err
		}
		f.added(newname)
		return f.mem.Link(memPath(oldname), memPath(newname))
	}, nil)
}

// Rename implements fsblob.FileSystem, for files. The new name without the old
// one's removal may survive a crash, and the other way round.
func (f *FS) Rename(oldname, newname string) error {
	return f.step(Rename, oldname+" "+newname, func() error {
		if _, err := f.stat(Rename, oldname); err != nil {
			return err
		}
		if err := f.vacant(Rename, newname); err != nil {
			over, statErr := f.stat(Rename, newname)
			if statErr != nil || over.IsDir() {
				return err
			}
		}
		f.removed(oldname)
		f.added(newname)
		return f.mem.Rename(memPath(oldname), memPath(newname))
	}, nil)
}

// Remove implements fsblob.FileSystem.
func (f *FS) Remove(name string) error {
	return f.step(Remove, name, func() error {
		info, err := f.stat(Remove, name)
		if err != nil {
			return err
		}
		if info.IsDir() {
			if names, err := f.mem.List(memPath(name)); err != nil || len(names) > 0 {
				return errors.Join(pathError(Remove, name, syscall.ENOTEMPTY), err)
			}
		}
		f.removed(name)
		return f.mem.Remove(memPath(name))
	}, nil)
}

// Lstat implements fsblob.FileSystem.
func (f *FS) Lstat(name string) (info fs.FileInfo, err error) {
	err = f.step(Lstat, name, func() error {
		info, err = f.stat(Lstat, name)
		return err
	}, nil)
	return info, err
}

// Usage implements fsblob.FileSystem.
func (f *FS) Usage() (usage jarvis.Usage, err error) {
	err = f.step(Usage, "", func() error {
		usage = f.usage
		return nil
	}, nil)
	return usage, err
}

// stat describes name. f.mu is held, here and below.
func (f *FS) stat(kind Kind, name string) (fs.FileInfo, error) {
	if name != "." {
		if err := f.isFolder(kind, path.Dir(name)); err != nil {
			return nil, err
		}
	}
	info, err := f.mem.Stat(memPath(name))
	if err != nil {
		return nil, pathError(kind, name, syscall.ENOENT)
	}
	return fileInfo{info}, nil
}

// isFolder refuses what is missing or no folder.
func (f *FS) isFolder(kind Kind, name string) error {
	info, err := f.stat(kind, name)
	if err == nil && !info.IsDir() {
		return pathError(kind, name, syscall.ENOTDIR)
	}
	return err
}

// vacant refuses a name that is taken or whose folder is missing.
func (f *FS) vacant(kind Kind, name string) error {
	_, err := f.stat(kind, name)
	switch {
	case err == nil:
		return pathError(kind, name, syscall.EEXIST)
	case name != "." && f.isFolder(kind, path.Dir(name)) != nil:
		return err
	}
	return nil
}

// fileInfo gives the modes that vfs.MemFS does not keep.
type fileInfo struct{ fs.FileInfo }

func (i fileInfo) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

type file struct {
	fs   *FS
	mem  vfs.File
	name string
}

func (f *file) Read(p []byte) (n int, err error) {
	err = f.fs.step(Read, f.name, func() error {
		n, err = f.mem.Read(p)
		return err
	}, nil)
	return n, err
}

func (f *file) Write(p []byte) (n int, err error) {
	write := func(p []byte) error {
		var err error
		// vfs.MemFS built for the race detector scribbles over what it was given.
		n, err = f.mem.Write(slices.Clone(p))
		return err
	}
	err = f.fs.step(Write, f.name,
		func() error { return write(p) },
		func() error { return write(p[:len(p)/2]) })
	return n, err
}

func (f *file) Stat() (fs.FileInfo, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	info, err := f.mem.Stat()
	if err != nil {
		return nil, err
	}
	return fileInfo{info}, nil
}

func (f *file) Sync() error { return f.fs.step(Sync, f.name, f.mem.Sync, nil) }

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.mem.Close()
}

type dir struct {
	fs     *FS
	mem    vfs.File
	name   string
	listed bool
	rest   []fs.DirEntry
}

func (d *dir) ReadDir(n int) (entries []fs.DirEntry, err error) {
	err = d.fs.step(ReadDir, d.name, func() error {
		if !d.listed {
			if d.rest, err = d.fs.list(d.name); err != nil {
				return err
			}
			d.listed = true
		}
		if len(d.rest) == 0 {
			return io.EOF
		}
		n = min(n, len(d.rest))
		entries, d.rest = d.rest[:n], d.rest[n:]
		return nil
	}, nil)
	return entries, err
}

func (d *dir) Sync() error {
	return d.fs.step(SyncDir, d.name, func() error {
		for name := range d.fs.unsyncedRM {
			if path.Dir(name) == d.name {
				delete(d.fs.unsyncedRM, name)
			}
		}
		return d.mem.Sync()
	}, nil)
}

func (d *dir) Close() error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	return d.mem.Close()
}

func (f *FS) list(name string) ([]fs.DirEntry, error) {
	names, err := f.mem.List(memPath(name))
	if err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, base := range names {
		info, err := f.stat(ReadDir, path.Join(name, base))
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}
