package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// benchBareCmd is what jarvis serve is measured against: a handler that takes
// the same form, makes the image durable under its name, and has neither
// credentials nor a database nor any other thing that a store promises.
type benchBareCmd struct {
	Dir  string `required:"" placeholder:"DIR" help:"Folder to write to."`
	Seal bool   `help:"Seal the images."`
}

// bareAddress is what the bare server prints once it listens.
type bareAddress struct {
	Address string `json:"address"`
}

// Run serves until it is interrupted.
func (cmd *benchBareCmd) Run(ctx context.Context, a *app) (err error) {
	handler := &bareHandler{}
	folder := bareFolder{root: cmd.Dir}
	handler.images = folder
	if cmd.Seal {
		identity, err := vault.NewIdentity()
		if err != nil {
			return err
		}
		handler.images = vault.Seal(folder, identity)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := errors.Join(a.printJSON(bareAddress{listener.Addr().String()}), a.flush()); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { err = server.Close() })
	defer stop()
	if serveErr := server.Serve(listener); !errors.Is(serveErr, http.ErrServerClosed) {
		return serveErr
	}
	return nil
}

type bareHandler struct{ images jarvis.BlobStore }

func (h *bareHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := h.store(r)
	if err != nil {
		http.Error(w, "not stored", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]string{"id": id.String(), "status": "stored"}); err != nil {
		return // the client went away
	}
}

// store does what has to be done before an upload may be acknowledged.
func (h *bareHandler) store(r *http.Request) (jarvis.ID, error) {
	var metadata struct {
		Timestamp time.Time `json:"timestamp"`
	}
	var image []byte
	form, err := r.MultipartReader()
	if err != nil {
		return jarvis.ID{}, err
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return jarvis.ID{}, err
		}
		switch part.FormName() {
		case "file":
			image, err = io.ReadAll(io.LimitReader(part, jarvis.DefaultImageLimits.MaxBytes))
		case "metadata":
			err = json.NewDecoder(part).Decode(&metadata)
		}
		if err != nil {
			return jarvis.ID{}, err
		}
	}
	id := jarvis.NewRandomID()
	staged, err := h.images.Stage(r.Context(), id, image)
	if err != nil {
		return id, err
	}
	return id, staged.Publish(r.Context(), h.images.Name(id, metadata.Timestamp, jarvis.JPEG))
}

// bareFolder is as much of a BlobStore as storing one image takes.
type bareFolder struct {
	jarvis.BlobStore // nil: nothing else is asked of it
	root             string
}

func (f bareFolder) Name(id jarvis.ID, timestamp time.Time, format jarvis.Format) jarvis.BlobName {
	return jarvis.NewBlobName(id, timestamp, format, false)
}

func (f bareFolder) Stage(_ context.Context, id jarvis.ID, data []byte) (jarvis.StagedBlob, error) {
	file, err := os.OpenFile(filepath.Join(f.root, id.String()+".staged"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return bareStaged{root: f.root, path: file.Name()}, errors.Join(err, file.Close())
}

type bareStaged struct {
	jarvis.StagedBlob // nil, as in bareFolder
	root, path        string
}

func (s bareStaged) Publish(_ context.Context, name jarvis.BlobName) error {
	target := filepath.Join(s.root, name.String())
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	if err := os.Link(s.path, target); err != nil {
		return err
	}
	return cmp.Or(os.Remove(s.path), syncFolder(filepath.Dir(target)))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
