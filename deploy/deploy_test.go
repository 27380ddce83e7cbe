// Package deploy_test looks at what is for service and container managers,
// without any of them.
package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/jarvis-memory/jarvis/internal/config"
)

// checkSettings checks that every variable of ours in a text is a setting.
func checkSettings(t *testing.T, file, text string, own ...string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`JARVIS_[A-Z_]+`).FindAllString(text, -1) {
		known := slices.Contains(own, name)
		for _, s := range config.Settings() {
			known = known || name == s.Env || name == s.Env+"_FILE"
		}
		if !known {
			t.Errorf("%s: %s is not a setting", file, name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unit is a unit file: its keys with all their values.
type unit map[string][]string

func parseUnit(t *testing.T, name string) unit {
	t.Helper()
	parsed := unit{}
	section := ""
	for line := range strings.Lines(read(t, name)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == "" {
				t.Errorf("%s: %q is no assignment in a section", name, line)
			}
			parsed[section+"."+key] = append(parsed[section+"."+key], value)
		}
	}
	return parsed
}

func TestUnits(t *testing.T) {
	both := map[string]string{
		"Service.Type":                    "notify",
		"Service.MemorySwapMax":           "0",
		"Service.LimitCORE":               "0",
		"Service.UMask":                   "0077",
		"Service.Restart":                 "on-failure",
		"Service.TimeoutStopSec":          "15s",
		"Service.NoNewPrivileges":         "yes",
		"Service.MemoryDenyWriteExecute":  "yes",
		"Service.RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
		"Service.SystemCallFilter":        "@system-service",
	}
	system := map[string]string{
		"Service.User":                  "jarvis",
		"Service.CapabilityBoundingSet": "",
		"Service.ProtectSystem":         "strict",
		"Service.ProtectHome":           "yes",
		"Service.PrivateDevices":        "yes",
		"Service.StateDirectoryMode":    "0700",
		"Service.LoadCredential":        "identity:/etc/jarvis/identity",
		"Install.WantedBy":              "multi-user.target",
	}
	for name, wanted := range map[string]map[string]string{
		"systemd/user/jarvis.service":   {"Install.WantedBy": "default.target", "Service.ExecStart": "%h/.local/bin/jarvis serve"},
		"systemd/system/jarvis.service": system,
	} {
		t.Run(name, func(t *testing.T) {
			maps.Copy(wanted, both)
			parsed := parseUnit(t, name)
			for key, value := range wanted {
				if got := parsed[key]; len(got) == 0 || got[0] != value {
					t.Errorf("%s is %q, want %q", key, got, value)
				}
			}
			checkSettings(t, name, read(t, name))
		})
	}
}

// instructions returns the instructions of a Dockerfile, continued lines joined.
func instructions(t *testing.T, name string) [][2]string {
	t.Helper()
	var all [][2]string
	text := strings.ReplaceAll(read(t, name), "\\\n", " ")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		all = append(all, [2]string{word, strings.TrimSpace(rest)})
	}
	return all
}

func TestDockerfile(t *testing.T) {
	const name = "Dockerfile"
	known := strings.Fields("FROM WORKDIR COPY RUN ARG ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD")
	last := map[string]string{} // of the last stage
	stages := []string{}
	for _, i := range instructions(t, name) {
		if !slices.Contains(known, i[0]) {
			t.Errorf("%s is no instruction that is used here", i[0])
		}
		if i[0] == "FROM" {
			last = map[string]string{}
			if words := strings.Fields(i[1]); len(words) == 3 {
				stages = append(stages, words[2])
			}
		}
		if from := regexp.MustCompile(`--from=(\S+)`).FindStringSubmatch(i[1]); from != nil && !slices.Contains(stages, from[1]) {
			t.Errorf("%s %s: there is no stage %s before it", i[0], i[1], from[1])
		}
		last[i[0]] = i[1]
	}
	for word, want := range map[string]string{
		"FROM": "scratch", "ENTRYPOINT": `["/jarvis"]`, "CMD": `["serve"]`, "STOPSIGNAL": "SIGTERM", "VOLUME": `["/data"]`,
	} {
		if last[word] != want {
			t.Errorf("%s is %q, want %q", word, last[word], want)
		}
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(last["USER"]) {
		t.Errorf("USER is %q: a number that is not root's is wanted", last["USER"])
	}
	if !strings.Contains(last["ENV"], "JARVIS_LISTEN=:"+last["EXPOSE"]) {
		t.Errorf("EXPOSE %s is not where the server listens: %s", last["EXPOSE"], last["ENV"])
	}
	text := read(t, name)
	if !strings.Contains(text, "CGO_ENABLED=0 go build") {
		t.Error("the binary is not static")
	}
	if version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod")); version == nil || !strings.Contains(text, "golang:"+version[1]+"-") {
		t.Errorf("it is not built with Go %v of go.mod", version)
	}
	checkSettings(t, name, text)
}

// TestDockerfile_Context: what the build needs reaches it, and nothing else.
func TestDockerfile_Context(t *testing.T) {
	lines := strings.Fields(read(t, "Dockerfile.dockerignore"))
	if len(lines) == 0 || lines[0] != "*" {
		t.Fatalf("it does not leave out everything first: %q", lines)
	}
	for _, line := range lines[1:] {
		pattern, ok := strings.CutPrefix(line, "!")
		if found, err := filepath.Glob(filepath.Join("..", pattern)); !ok || err != nil || len(found) == 0 {
			t.Errorf("%s takes nothing in: %v", line, err)
		}
	}
}

// compose is as much of a compose file as is looked at.
type compose struct {
	Services map[string]struct {
		Image       string
		User        string
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		Ports       []string
		Networks    []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		MemLimit    string   `yaml:"mem_limit"`
		MemSwap     string   `yaml:"memswap_limit"`
		StopGrace   string   `yaml:"stop_grace_period"`
		Restart     string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Build       struct{ Context, Dockerfile string }
		Healthcheck struct{ Test []string }
	}
	Networks map[string]struct {
		Internal bool
		IPAM     struct {
			Config []struct{ Subnet string }
		}
	}
	Volumes map[string]any
	Secrets map[string]struct{ File string }
}

func TestCompose(t *testing.T) {
	const name = "compose.yaml"
	text := read(t, name)
	var c compose
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	checkSettings(t, name, text, "JARVIS_UID", "JARVIS_GID")
	for service, s := range c.Services {
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: there is no secret %s", service, secret)
			}
		}
		for _, network := range s.Networks {
			if _, ok := c.Networks[network]; !ok {
				t.Errorf("%s: there is no network %s", service, network)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[source]; !ok && !strings.HasPrefix(source, "./") {
				t.Errorf("%s: there is no volume %s", service, source)
			}
		}
		for key, value := range s.Environment {
			secret, ok := strings.CutPrefix(value, "/run/secrets/")
			if ok && !slices.Contains(s.Secrets, secret) {
				t.Errorf("%s: %s names a secret that it is not given: %s", service, key, value)
			}
			if strings.Contains(key, "PASSWORD") && !ok {
				t.Errorf("%s: %s holds a password", service, key)
			}
		}
		if s.Restart == "" || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s is not restarted, or may gain privileges", service)
		}
	}

	ours, database := c.Services["jarvis"], c.Services["database"]
	if !ours.ReadOnly || !slices.Equal(ours.CapDrop, []string{"ALL"}) || ours.User == "" || ours.MemLimit != "1g" || ours.MemLimit != ours.MemSwap {
		t.Error("jarvis may write, do or swap more than it needs")
	}
	if !slices.Contains(ours.Secrets, "identity") || ours.Environment["JARVIS_IDENTITY_FILE"] != "/run/secrets/identity" {
		t.Error("the identity is not mounted")
	}
	if subnet := c.Networks["front"].IPAM.Config; len(subnet) != 1 || subnet[0].Subnet != ours.Environment["JARVIS_PLAIN_HTTP"] {
		t.Errorf("who comes from the port is not whom the server lets in: %v", subnet)
	}
	for _, port := range ours.Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("port %s is open to others, without TLS", port)
		}
	}
	if _, err := os.Stat(filepath.Join(ours.Build.Context, ours.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	if ours.DependsOn["database"].Condition != "service_healthy" || len(database.Healthcheck.Test) == 0 {
		t.Error("jarvis does not wait for its database")
	}
	if len(database.Ports) > 0 || !c.Networks["back"].Internal || !slices.Equal(database.Networks, []string{"back"}) {
		t.Error("others reach the database")
	}
}
