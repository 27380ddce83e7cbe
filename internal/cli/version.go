package cli

import (
	"context"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Help is the long help.
func (versionCmd) Help() string {
	return `Example:

    jarvis version --json | jq -r .version
`
}

// buildVersion is what is known about this build.
type buildVersion struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the commit's files were changed before building
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the version.
func (versionCmd) Run(_ context.Context, a *app) error {
	v := newBuildVersion(a.version)
	if a.json {
		return a.printJSON(v)
	}
	a.printf("jarvis %s", v.Version)
	if v.Commit != "" {
		a.printf(" (%s)", v.Commit[:min(len(v.Commit), 12)])
	}
	a.printf(", %s, %s\n", v.Go, v.Platform)
	return nil
}

// newBuildVersion joins what the linker was told with what the compiler noted.
func newBuildVersion(linked string) buildVersion {
	v := buildVersion{Version: linked, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Commit = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}
