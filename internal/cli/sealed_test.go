package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/proof"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

const (
	identityPath = ".config/jarvis/identity"
	dataPath     = ".local/share/jarvis"
)

// titled are texts that a store in use knows.
var titled = []string{"Quarterly-Zebra-Report", "zebrafox-browser", "zebra@desktop"}

// plainSigns are what must be nowhere under the folders of a sealed store: texts,
// and the beginnings of images, databases and write-ahead logs.
func plainSigns() [][]byte {
	signs := [][]byte{
		[]byte("\xff\xd8\xff"), []byte("\x89PNG\r\n"), []byte("IHDR"), []byte("JFIF"), []byte("WEBPVP8"),
		[]byte("SQLite format 3"), []byte("CREATE TABLE"),
		{0x37, 0x7f, 0x06, 0x82},
		{0x37, 0x7f, 0x06, 0x83},
	}
	for _, text := range titled {
		signs = append(signs, []byte(text), []byte(strings.ToLower(text)))
	}
	return signs
}

// findSigns looks for signs in every file under a folder, and returns how many
// files there are. Three bytes may stand anywhere by chance, so that a short
// sign counts only at the beginning of a file.
func findSigns(t *testing.T, folder string) (files int, found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		for _, sign := range plainSigns() {
			if bytes.HasPrefix(data, sign) || len(sign) > 4 && bytes.Contains(data, sign) {
				found = append(found, fmt.Sprintf("%s holds %q", name, sign))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, found
}

// useStore fills a store with images that say what they are.
func useStore(t *testing.T, p *place, args ...string) {
	t.Helper()
	p.pictures(t, "shots", 12)
	jpeg, err := drawPicture(".jpg", "64x48", "j")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.folder, "shots", "j.jpg"), jpeg, 0o600); err != nil {
		t.Fatal(err)
	}
	add := []string{"add", "shots", "--timestamp", "2026-01-24T10:00:00Z", "--title", titled[0], "--app", titled[1], "--device", titled[2]}
	p.must(t, append(add, args...)...)
}

// TestSealed_NothingPlain looks at every file of a store in use: while another
// process has it open, after captures were removed, and after a migration that
// copied the catalogue aside.
func TestSealed_NothingPlain(t *testing.T) {
	p := newPlace(t)
	useStore(t, p)
	a, cfg := p.app(t)
	open, err := a.openStore(t.Context(), cfg, storeMustExist, keyRequired) // keeps the log from being emptied
	if err != nil {
		t.Fatal(err)
	}
	p.must(t, "add", "shots", "--timestamp", "2026-01-25T10:00:00Z", "--title", titled[0])
	check := func(when string, least int) {
		t.Helper()
		files, found := findSigns(t, filepath.Join(p.folder, dataPath))
		if files < least || len(found) > 0 {
			t.Errorf("%s: in %d files: %s", when, files, strings.Join(found, "\n"))
		}
	}
	wal := filepath.Join(p.folder, dataPath, "jarvis.db-wal")
	if info, err := os.Stat(wal); err != nil || info.Size() == 0 {
		t.Fatalf("there is no write-ahead log to look at: %v", err)
	}
	check("in use", 26+3)
	if err := open.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.must(t, "rm", "--yes", "--from", "2026-01-25")
	p.must(t, "migrate", "down", "--yes")
	p.must(t, "migrate", "up")
	if copies, err := filepath.Glob(filepath.Join(p.folder, dataPath, "*.backup")); err != nil || len(copies) == 0 {
		t.Fatalf("there is no copy to look at: %v", err)
	}
	check("migrated", 13+3)
	p.must(t, "verify", "--deep")
}

// TestSealed_NothingPlain_Plain: what is looked for is found where it is.
func TestSealed_NothingPlain_Plain(t *testing.T) {
	p := newPlace(t)
	useStore(t, p, "--seal=off")
	_, found := findSigns(t, filepath.Join(p.folder, dataPath))
	for _, sign := range []string{titled[0], titled[1], titled[2], `\x89PNG`, `\xff\xd8`, "SQLite format 3"} {
		if !strings.Contains(strings.Join(found, "\n"), sign) {
			t.Errorf("in a plain store there is no %s:\n%s", sign, strings.Join(found, "\n"))
		}
	}
}

// TestSealed_AgeTool: the ordinary age tool opens every image with the identity.
func TestSealed_AgeTool(t *testing.T) {
	age, err := exec.LookPath("age")
	if err != nil {
		proof.Skip(t, "the age tool is not installed: apt-get install age")
	}
	p := newPlace(t)
	p.pictures(t, "shots", 3)
	for _, line := range lines(t, p.must(t, "add", "--json", "shots", "--timestamp", "2026-01-24T10:00:00Z")) {
		want, err := os.ReadFile(filepath.Join(p.folder, line.File))
		if err != nil {
			t.Fatal(err)
		}
		sealed := filepath.Join(p.folder, dataPath, "captures/2026/01/24", line.ID.String()+".png.age")
		got, err := exec.CommandContext(t.Context(), age, "-d", "-i", filepath.Join(p.folder, identityPath), sealed).Output()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("age opens %s to %d bytes, %v; want %d bytes", sealed, len(got), err, len(want))
		}
	}
}

const testPhrase = "correct-horse-battery"

// TestSealed_NoSecretTold runs commands that succeed and that fail, and looks
// for keys, words and passphrases in everything that they print.
func TestSealed_NoSecretTold(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 2)
	if err := os.WriteFile(filepath.Join(p.folder, "phrase"), []byte(testPhrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "JARVIS_PASSPHRASE_FILE=phrase")
	var told strings.Builder
	asJSON := false
	run := func(args ...string) {
		if asJSON = !asJSON; asJSON {
			args = append(args, "--json")
		}
		stdout, stderr, _ := p.run(t, args...)
		fmt.Fprintln(&told, stdout, stderr)
	}
	run("add", "shots", "--timestamp", "2026-01-24T10:00:00Z")
	words := p.must(t, "key", "show-recovery", "--yes")
	identity, err := vault.ParseWords(words)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{testPhrase, identity.RevealSecret(), strings.ToLower(identity.RevealSecret())}
	all := [][]string{{"add", "shots"}, {"list"}, {"config"}, {"key", "status"}, {"key", "restore"}, {"key", "show-recovery"}, {"start", "--no-serve"}, {"stats"}, {"verify", "--deep"}, {"migrate", "status"}}
	for _, args := range all[:4] { // each takes the second that a passphrase takes
		run(args...)
	}
	for _, spoil := range []func(name string) error{
		func(name string) error { return os.Truncate(name, 150) }, // a damaged identity
		func(name string) error { return os.WriteFile(name, []byte(identity.RevealSecret()[:40]+"\n"), 0o600) },
		func(name string) error { return os.WriteFile(name, []byte(identity.RevealSecret()+"x\n"), 0o600) },
		func(name string) error {
			return os.WriteFile(name, []byte(identity.RevealSecret()+"\n"+identity.RevealSecret()+"\n"), 0o600)
		},
		func(name string) error { return os.Chmod(name, 0o644) },
		os.Remove,
	} {
		if err := spoil(filepath.Join(p.folder, identityPath)); err != nil {
			t.Fatal(err)
		}
		for _, args := range all {
			run(args...)
		}
	}
	for _, secret := range append(secrets, identity.RevealSecret()[:40]) {
		if strings.Contains(told.String(), secret) {
			t.Errorf("a secret was told:\n%s", &told)
		}
	}
	if strings.Contains(told.String(), "unexpected") {
		t.Errorf("a failure that nobody foresaw:\n%s", &told)
	}
}

// TestSealed_NoCoreDump: a process that may hold keys writes no core dump.
func TestSealed_NoCoreDump(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 1)
	cmd := p.command(t, "add", "--json", "--jobs", "1", "shots", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if core := regexp.MustCompile(`(?m)^Max core file size +0 +0 `); !core.Match(limits) {
		t.Errorf("core dumps are written:\n%s", limits)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if status := exitOf(t, cmd.Wait()); status != exitPartial { // nothing came by the pipe
		t.Errorf("exit status %d", status)
	}
}

// TestSealed_AtOnce: of several processes that make a store at the same time
// each gets the same identity and the same key.
func TestSealed_AtOnce(t *testing.T) {
	for range proof.Rounds(3, 50) {
		p := newPlace(t)
		p.pictures(t, "shots", 4)
		var adders []*exec.Cmd
		var errs [4]strings.Builder
		for i := range errs {
			cmd := p.command(t, "add", "--json", "shots", "--timestamp", "2026-01-24T10:00:00Z", "--device", fmt.Sprint("desk-", i))
			cmd.Stderr = &errs[i]
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			adders = append(adders, cmd)
		}
		for i, cmd := range adders {
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, &errs[i])
			}
		}
		if got := strings.Count(p.must(t, "list", "--json"), "\n"); got != 16 {
			t.Errorf("%d captures, want 16", got)
		}
		p.must(t, "verify", "--deep")
	}
}

// TestTerminal_Passphrase: it is offered with the identity, typed twice and
// never shown, and then asked for once by each command.
func TestTerminal_Passphrase(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 1)
	term := p.onTerminal(t, "add", "shots")
	answer := func(term *terminal, question, text string) {
		t.Helper()
		term.waitFor(t, question)
		term.waitHidden(t)
		term.enter(t, text+"\r")
		term.seen.Reset()
	}
	const first, again = "Passphrase to protect the identity with (Enter for none): ", "The same again: "
	var shown strings.Builder
	answer(term, first, testPhrase)
	answer(term, again, testPhrase+"x")
	term.waitFor(t, "They differ.")
	answer(term, first, testPhrase)
	answer(term, again, testPhrase)
	text, status := term.end(t)
	if status != 0 || !strings.Contains(text, "key show-recovery") || strings.Contains(text, "It has no passphrase") {
		t.Errorf("exit status %d:\n%s", status, text)
	}
	shown.WriteString(text)

	// Without a terminal nobody can be asked; a pipe as input does not matter.
	if _, stderr, status := p.run(t, "list"); status != exitLocked || !strings.Contains(stderr, "nobody is there to ask") {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	const question = "Passphrase of ~/" + identityPath + ": "
	for _, test := range []struct {
		phrases []string
		want    int
	}{{[]string{"", testPhrase}, 0}, {[]string{"wrong", "", ""}, exitLocked}} {
		term := p.onTerminal(t, "list")
		for _, phrase := range test.phrases {
			answer(term, question, phrase)
		}
		text, status := term.end(t)
		if status != test.want || strings.Contains(text, question) {
			t.Errorf("with %q: exit status %d, want %d, and no more questions:\n%s", test.phrases, status, test.want, text)
		}
		shown.WriteString(text)
	}
	for _, stop := range []string{"\x03", "\x04"} {
		term = p.onTerminal(t, "list")
		term.waitFor(t, question)
		term.waitHidden(t)
		term.enter(t, stop)
		if text, status := term.end(t); status != exitInterrupted {
			t.Errorf("%q: exit status %d:\n%s", stop, status, text)
		}
	}
	term = p.onTerminal(t, "key", "status")
	answer(term, question, testPhrase)
	if text, status := term.end(t); status != 0 || !strings.Contains(text, "opens it") {
		t.Errorf("exit status %d:\n%s", status, text)
	}
	// Another one, and what is typed for it is not shown either.
	const second = "battery-staple"
	term = p.onTerminal(t, "key", "passphrase")
	answer(term, question, testPhrase)
	answer(term, "New passphrase: ", second)
	answer(term, again, second)
	text, status = term.end(t)
	if status != 0 || !strings.Contains(text, "has a new passphrase") || strings.Contains(text, second) {
		t.Errorf("exit status %d:\n%s", status, text)
	}
	if strings.Contains(shown.String(), testPhrase) {
		t.Errorf("the passphrase is shown:\n%s", &shown)
	}
}

// TestTerminal_Recovery: the words are shown after a question, with a code, and
// bring the identity back when they are typed in.
func TestTerminal_Recovery(t *testing.T) {
	p := newPlace(t)
	p.must(t, "start", "--no-serve")
	term := p.onTerminal(t, "key", "show-recovery")
	term.waitFor(t, "Show it? [y/N] ")
	term.enter(t, "\r")
	if shown, status := term.end(t); status != exitInterrupted || strings.Contains(shown, " 1 ") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
	term = p.onTerminal(t, "key", "show-recovery")
	term.waitFor(t, "Show it? [y/N] ")
	term.enter(t, "y\r")
	shown, status := term.end(t)
	if status != 0 || !strings.Contains(shown, "▀") || !strings.Contains(shown, "24 ") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
	words := strings.Fields(p.must(t, "key", "show-recovery", "--yes"))
	if err := os.Remove(filepath.Join(p.folder, identityPath)); err != nil {
		t.Fatal(err)
	}
	term = p.onTerminal(t, "key", "restore")
	term.waitFor(t, "Type the recovery words")
	for half := range 2 { // with their numbers
		term.enter(t, strings.Join(words[half*24:half*24+24], " ")+"\r")
	}
	term.waitFor(t, "(Enter for none): ")
	term.waitHidden(t)
	term.enter(t, "\r")
	if shown, status := term.end(t); status != 0 || !strings.Contains(shown, "Restored the identity age1") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
	p.must(t, "verify")
}
