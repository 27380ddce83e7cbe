package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

var errNotInstalled = errors.New("PostgreSQL is not installed: install the package that has initdb and postgres (Debian: apt-get install postgresql), or set JARVIS_TEST_POSTGRES_URL")

const (
	superuser = "postgres"
	password  = "throw-away"
	patience  = time.Minute
)

// cluster is a PostgreSQL cluster in a temporary folder.
type cluster struct {
	bin        string // folder of initdb and postgres
	folder     string // holds the data, the socket and the log
	port       int
	sync       bool
	credential *syscall.Credential // whom it runs as; nil for this user

	process  *exec.Cmd
	exited   chan struct{} // closed when process has ended
	watchdog *exec.Cmd
	leash    io.WriteCloser // the watchdog acts when this end of the pipe is gone
}

func newCluster(sync bool) (_ *cluster, err error) {
	c := &cluster{sync: sync}
	if c.bin, err = findBinaries(); err != nil {
		return nil, err
	}
	if c.credential, err = unprivileged(); err != nil {
		return nil, err
	}
	// A socket's path must fit into some hundred bytes.
	parent := os.TempDir()
	if len(parent) > 40 {
		parent = "/tmp"
	}
	if c.folder, err = os.MkdirTemp(parent, "jarvis-pg-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove())
		}
	}()
	if err := c.give(c.folder); err != nil {
		return nil, err
	}
	if err := c.watch(); err != nil {
		return nil, err
	}
	if err := c.initialise(); err != nil {
		return nil, err
	}
	// Another program may take the free port before postgres does.
	for range 5 {
		if c.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = c.start(); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// findBinaries returns the folder of initdb and postgres.
func findBinaries() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	major := func(folder string) int {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		if err != nil {
			return 0
		}
		return n
	}
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	for _, folder := range append(folders, debian...) {
		if _, err := exec.LookPath(filepath.Join(folder, "initdb")); err != nil {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(folder, "postgres")); err == nil {
			return folder, nil
		}
	}
	return "", errNotInstalled
}

// unprivileged returns whom PostgreSQL runs as, since it refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// give makes the user that PostgreSQL runs as the owner of path.
func (c *cluster) give(path string) error {
	if c.credential == nil {
		return nil
	}
	return os.Chown(path, int(c.credential.Uid), int(c.credential.Gid))
}

// command prepares a program of the cluster. It gets a process group of its
// own, so that an interrupt typed at the terminal ends the tests first.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.folder
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.credential}
	return cmd
}

// watchdog waits for a line. When the pipe ends without one, the tests have
// died: it then ends postgres and removes the folder.
const watchdog = `
read -r line && exit
if pid=$(head -n 1 "$1/data/postmaster.pid"); then
	kill -QUIT "$pid"
	while kill -0 "$pid"; do sleep 0.1; done
fi
rm -rf "$1"
`

func (c *cluster) watch() (err error) {
	c.watchdog = c.command("/bin/sh", "-c", watchdog, "sh", c.folder)
	c.watchdog.Dir = "/"
	if c.leash, err = c.watchdog.StdinPipe(); err != nil {
		return err
	}
	return c.watchdog.Start()
}

func (c *cluster) initialise() error {
	secret := filepath.Join(c.folder, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	if err := c.give(secret); err != nil {
		return err
	}
	args := []string{
		"--pgdata", c.data(), "--username", superuser, "--pwfile", secret, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync",
	}
	// Text sorts as people in the United States expect, which is not how bytes
	// compare: what relies on bytes must say so. Older servers lack the option.
	icu := append(slices.Clone(args), "--locale-provider=icu", "--icu-locale=en-US")
	if _, err := c.command(filepath.Join(c.bin, "initdb"), icu...).CombinedOutput(); err == nil {
		return nil
	}
	if out, err := c.command(filepath.Join(c.bin, "initdb"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("a TCP listener has no TCP address"), listener.Close())
	}
	return address.Port, listener.Close()
}

// start starts postgres and returns when it answers.
func (c *cluster) start() error {
	args := []string{"-D", c.data(), "-k", c.folder, "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-c", "max_connections=200", "-c", "max_wal_size=4GB"}
	if !c.sync {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	var log bytes.Buffer
	c.process = c.command(filepath.Join(c.bin, "postgres"), args...)
	c.process.Stdout, c.process.Stderr = &log, &log
	if err := c.process.Start(); err != nil {
		c.process = nil
		return err
	}
	process, exited := c.process, make(chan struct{})
	c.exited = exited
	var ended error
	go func() {
		defer close(exited)
		ended = process.Wait()
	}()

	deadline := time.After(patience)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-exited:
			c.process = nil
			return fmt.Errorf("postgres ended: %w\n%s", ended, &log)
		case <-deadline:
			return errors.Join(errors.New("postgres does not answer"), c.stop())
		case <-poll.C:
			if c.answers() {
				return nil
			}
		}
	}
}

func (c *cluster) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.socketURL("/postgres"))
	return err == nil && conn.Close(ctx) == nil
}

func (c *cluster) running() bool { return c.process != nil }

// stop ends postgres at once, without a checkpoint.
func (c *cluster) stop() error {
	if c.process == nil {
		return nil
	}
	if err := c.process.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.exited:
		c.process = nil
		return nil
	case <-time.After(patience):
		return errors.New("postgres does not end")
	}
}

// remove stops postgres and removes the folder.
func (c *cluster) remove() error {
	err := c.stop()
	err = errors.Join(err, os.RemoveAll(c.folder))
	if c.watchdog != nil && c.watchdog.Process != nil {
		_, writeErr := io.WriteString(c.leash, "done\n")
		err = errors.Join(err, writeErr, c.leash.Close(), c.watchdog.Wait())
	}
	return err
}

func (c *cluster) socketURL(path string) string {
	query := url.Values{"host": {c.folder}, "port": {strconv.Itoa(c.port)}}
	return (&url.URL{Scheme: "postgres", User: url.User(superuser), Path: path, RawQuery: query.Encode()}).String()
}

func (c *cluster) tcpURL(path string) string {
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port))
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, password), Host: host, Path: path}).String()
}
