package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

var server Server

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func query(t *testing.T, database, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	var result string
	err = conn.QueryRow(t.Context(), statement).Scan(&result)
	if err := errors.Join(err, conn.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return result
}

func TestServer_NewDatabase(t *testing.T) {
	a, b := server.NewDatabase(t), server.NewDatabase(t)
	if a == b {
		t.Fatalf("two tests share the database %s", a)
	}
	const name = "SELECT current_database()::text"
	if query(t, a, name) == query(t, b, name) {
		t.Fatal("two URLs lead to one database")
	}
	if got := query(t, server.OverTCP(t, a), name); got != query(t, a, name) {
		t.Fatalf("over TCP the database is %s", got)
	}
}

func TestServer_Stop(t *testing.T) {
	server.NewDatabase(t) // skips where PostgreSQL is missing
	database := server.admin
	server.run(t, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
	t.Cleanup(func() { server.run(t, "DROP TABLE kept") })
	server.Stop(t)
	if conn, err := pgx.Connect(t.Context(), database); err == nil {
		t.Fatal("a stopped server answers", conn.Close(t.Context()))
	}
	server.Restart(t)
	if got := query(t, database, "SELECT n::text FROM kept"); got != "7" {
		t.Fatalf("after a restart the table holds %s", got)
	}
}

// TestServer_DeadBinary kills a test binary whose cluster runs, and waits for
// the cluster to go.
func TestServer_DeadBinary(t *testing.T) {
	if os.Getenv("JARVIS_TEST_POSTGRES_URL") != "" {
		proof.Skip(t, "no cluster is started where JARVIS_TEST_POSTGRES_URL is set")
	}
	if os.Getenv("PGTEST_DIE") != "" {
		u, err := url.Parse(server.NewDatabase(t))
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		fmt.Printf("folder %s\n", u.Query().Get("host"))
		<-make(chan struct{}) // until killed
	}
	server.NewDatabase(t) // skips where PostgreSQL is missing
	child := exec.Command(os.Args[0], "-test.run=^TestServer_DeadBinary$")
	child.Env = append(os.Environ(), "PGTEST_DIE=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatalf("pipe: %v", err)
	}
	if err := child.Start(); err != nil {
		t.Fatalf("start: %v", err)
	}
	folder := ""
	for lines := bufio.NewScanner(out); folder == "" && lines.Scan(); {
		folder, _ = strings.CutPrefix(lines.Text(), "folder ")
	}
	pidFile, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		t.Fatalf("read the process id of the other cluster: %v", err)
	}
	first, _, _ := strings.Cut(string(pidFile), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatalf("the process id of the other cluster: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("a killed test ended well")
	}
	deadline := time.After(30 * time.Second)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		_, err := os.Stat(folder)
		if errors.Is(err, fs.ErrNotExist) && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("the cluster in %s, process %d, outlived its test", folder, pid)
		case <-poll.C:
		}
	}
}
