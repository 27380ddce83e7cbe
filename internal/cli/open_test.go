package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis/internal/config"
)

// TestAnnounceStore: who is about to begin anew beside the store of an older
// Jarvis is told how to go on with that one, unless the database was chosen.
func TestAnnounceStore(t *testing.T) {
	older := server.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), older)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `
		CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
		INSERT INTO alembic_version VALUES ('001_initial');
		CREATE TABLE captures (id varchar(36) PRIMARY KEY, filepath varchar(500) NOT NULL, timestamp timestamptz NOT NULL,
			monitor_index integer, width integer NOT NULL, height integer NOT NULL, file_size integer NOT NULL,
			ocr_text text, created_at timestamptz DEFAULT now())`)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, older string
		environment map[string]string
		want        bool
	}{
		{"Older", older, nil, true},
		{"Chosen", older, map[string]string{"JARVIS_DATABASE_URL": "sqlite:mine.db"}, false},
		{"NotThere", "postgresql://jarvis:jarvis@127.0.0.1:1/jarvis", nil, false},
		{"Another", server.NewDatabase(t), nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := config.Load(config.Input{
				Flags: map[string]string{"data_dir": t.TempDir()},
				LookupEnv: func(name string) (string, bool) {
					value, ok := test.environment[name]
					return value, ok
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer shut(t, reader)
			a := &app{console: newConsole(os.Stdin, os.Stdout, writer, os.Getenv)}
			a.announceStore(t.Context(), cfg, true, test.older)
			shut(t, writer)
			buffer := make([]byte, 4096)
			n, err := reader.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(buffer[:n]), "JARVIS_DATABASE_URL="); got != test.want {
				t.Errorf("told of an older store: %v, want %v: %s", got, test.want, buffer[:n])
			}
		})
	}
}
