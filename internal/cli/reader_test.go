package cli

import (
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/ocr"
)

// TestLeaseOf: a lease leaves an engine the time that it may take, with some for the
// image before and for the text after, and little more.
func TestLeaseOf(t *testing.T) {
	for name, tt := range map[string]struct {
		engine  config.Engine
		longest func(timeout time.Duration) time.Duration
	}{
		"tesseract": {config.Engine{Tesseract: true}, ocr.Longest},
		"program":   {config.Engine{Command: []string{"x"}}, ocr.Longest},
		"service":   {config.Engine{URL: "https://gpu.example.org"}, func(timeout time.Duration) time.Duration { return timeout }},
		"none":      {config.Engine{}, func(time.Duration) time.Duration { return 0 }},
	} {
		for _, timeout := range []time.Duration{time.Second, time.Minute, time.Hour} {
			longest := tt.longest(timeout)
			lease := leaseOf(config.Reading{Engine: tt.engine, Timeout: timeout})
			if before := lease - lease/8; before < longest+4*time.Second {
				t.Errorf("%s of %v: reading may take %v, and has %v", name, timeout, longest, before)
			}
			if lease > longest*5/4+5*time.Second {
				t.Errorf("%s of %v: who is killed keeps captures for %v", name, timeout, lease)
			}
		}
	}
}

// TestLanguages: the setting takes what the engine takes.
func TestLanguages(t *testing.T) {
	home := t.TempDir()
	for _, languages := range []string{
		"eng", "eng+deu", "chi_sim", "script/Latin", "eng-fast", "Latin", "en-US+de",
		"eng+", "eng deu", "-l", "--psm", "/etc/x", "../eng", "_x", "eng+osd", "osd", "eng+eng", "é",
		"a+b+c+d+e+f+g+h", "a+b+c+d+e+f+g+h+i", "abcdefghijklmnopqrstuvwxyzabcdef", "abcdefghijklmnopqrstuvwxyzabcdefg",
	} {
		_, settingErr := config.Load(config.Input{
			Flags: map[string]string{"ocr_languages": languages},
			LookupEnv: func(name string) (string, bool) {
				if name != "HOME" {
					return "", false
				}
				return home, true
			},
		})
		_, engineErr := ocr.NewTesseract(t.Context(), ocr.TesseractOptions{Program: "/nowhere/tesseract", Languages: languages})
		refused := jarvis.ErrorCode(engineErr) == jarvis.CodeInvalid
		if (settingErr != nil) != refused {
			t.Errorf("%q: the setting says %v, and the engine %v", languages, settingErr, engineErr)
		}
	}
}
