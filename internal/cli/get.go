package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

type getCmd struct {
	ID     string `arg:"" help:"Id of the capture."`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"Write to this file, into this folder under its id, or to standard output (-, the default)."`
	Force  bool   `help:"Overwrite the file if it exists."`
}

// Help is the long help.
func (getCmd) Help() string {
	return `Gives the image back, byte for byte as it was added. The file appears whole or not
at all, and only you may read it.

Examples:

    jarvis get 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00 -o screen.png
    jarvis get 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00 | sha256sum
`
}

// gotImage is what get prints with --json when it wrote a file.
type gotImage struct {
	ID   jarvis.ID `json:"id"`
	File string    `json:"file"`
	Size int64     `json:"file_size"`
}

// Run writes the image.
func (cmd *getCmd) Run(ctx context.Context, a *app) error {
	id, err := jarvis.ParseID(cmd.ID)
	if err != nil {
		return err
	}
	toFile := cmd.Output != standardInput
	switch {
	case cmd.Output == "":
		return jarvis.Errorf(jarvis.CodeInvalid, "the name after -o is empty: check the quotes, or write - for standard output")
	case !toFile && a.outTerminal:
		return jarvis.Errorf(jarvis.CodeInvalid, "an image is not for a terminal: write it to a file (jarvis get %s -o screen.png)", id)
	case !toFile && a.json:
		return jarvis.Errorf(jarvis.CodeInvalid, "--json and the image cannot both go to standard output: name a file with -o")
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{key: keyRequired, images: true})
	if err != nil {
		return err
	}
	capture, data, err := m.Fetch(ctx, id)
	if err = errors.Join(err, m.close(ctx)); err != nil {
		return err
	}
	if !toFile {
		a.out.Write(data) // the writer keeps its error for flush
		return a.flush()
	}
	target := cmd.Output
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		target = filepath.Join(target, strings.TrimSuffix(filepath.Base(capture.Filepath), jarvis.SealedExtension))
	}
	if err := writeFile(target, data, cmd.Force); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(gotImage{id, target, int64(len(data))})
	}
	return nil
}
