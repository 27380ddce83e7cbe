package cli

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestScripts runs the command tests of testdata/script, which a person can
// read. Besides the commands of testscript they have these:
//
//	exits STATUS COMMAND...    runs a command that must end with the status
//	picture FILE WxH [SEED]    draws an image; the format is that of FILE's extension
//	bytes FILE SIZE            makes a file of that many zero bytes
//	tidy FILE stdout|stderr    writes the last output to FILE with what differs from
//	                           run to run replaced: ids by ID1, ID2..., and so on
//	server start [FLAGS...]    runs a server beside the script; see cmdServer
//	ask [FLAGS...] URL         a program that sends one request; see ask
//	reads SERVER TOKEN TEXT... a program that says what captures say; see reads
//
// Each script has its own home and store, in UTC, as ann@desk.
func TestScripts(t *testing.T) {
	params := scriptParams()
	params.Dir = "testdata/script"
	testscript.Run(t, params)
}

// TestScripts_PostgreSQL runs the scripts of testdata/postgresql, each with the
// address of a new database in DATABASE, and in WRONG_PASSWORD the same address
// with the password s3cret.
func TestScripts_PostgreSQL(t *testing.T) {
	files, err := filepath.Glob("testdata/postgresql/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			database := server.OverTCP(t, server.NewDatabase(t))
			params := scriptParams()
			params.Files = []string{file}
			params.Setup = func(env *testscript.Env) error {
				env.Setenv("DATABASE", database)
				env.Setenv("WRONG_PASSWORD", wrongPassword(t, database))
				return setUpScript(env)
			}
			testscript.Run(t, params)
		})
	}
}

// TestScripts_Disk runs the scripts of testdata/disk, which mount small disks in
// a name space of their own: MOUNTED is the command that makes one and runs
// another command in it.
func TestScripts_Disk(t *testing.T) {
	mounted := ""
	for _, candidate := range []string{"unshare --mount", "unshare --map-root-user --mount"} {
		words := append(strings.Fields(candidate), "sh", "-c", "mount -t tmpfs none /mnt")
		if err := exec.CommandContext(t.Context(), words[0], words[1:]...).Run(); err == nil {
			mounted = candidate
			break
		}
	}
	if mounted == "" {
		proof.Skip(t, "no disk can be mounted here: run as root, or allow user name spaces")
	}
	params := scriptParams()
	params.Dir = "testdata/disk"
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("MOUNTED", mounted)
		return setUpScript(env)
	}
	testscript.Run(t, params)
}

func wrongPassword(t *testing.T, database string) string {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(address.User.Username(), "s3cret")
	return address.String()
}

func scriptParams() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") == "1",
		Setup:               setUpScript,
		Condition:           scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   cmdExits,
			"picture": cmdPicture,
			"bytes":   cmdBytes,
			"tidy":    cmdTidy,
			"server":  new(scriptServers).cmdServer,
		},
	}
}

func setUpScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	for name, value := range map[string]string{
		"HOME":            home,
		"XDG_CONFIG_HOME": filepath.Join(home, ".config"),
		"XDG_DATA_HOME":   filepath.Join(home, ".local", "share"),
		"XDG_STATE_HOME":  filepath.Join(home, ".local", "state"),
		"TZ":              "UTC",
		"JARVIS_DEVICE":   "ann@desk",
		"JARVIS_MIN_FREE": "1MiB", // these are small stores, on disks that may be nearly full
		// Only scripts about reading read.
		"JARVIS_OCR_ENGINE": "none",
	} {
		env.Setenv(name, value)
	}
	return os.MkdirAll(home, 0o700)
}

func scriptCondition(name string) (bool, error) {
	if name == "given-server" {
		return os.Getenv("JARVIS_TEST_POSTGRES_URL") != "", nil
	}
	return false, errors.New("unknown condition")
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func cmdPicture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: picture FILE WxH [SEED]")
	}
	seed := "0"
	if len(args) > 2 {
		seed = args[2]
	}
	data, err := drawPicture(filepath.Ext(args[0]), args[1], seed)
	ts.Check(err)
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o700))
	ts.Check(os.WriteFile(name, data, 0o600))
}

func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE SIZE")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), nil, 0o600))
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

func cmdTidy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tidy FILE stdout|stderr")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(tidy(ts.ReadFile(args[1]), ts.Getenv("WORK"))), 0o600))
}
