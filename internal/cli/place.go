package cli

import (
	"path/filepath"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// identityWithin returns the folder of the store that the identity file is in, or
// would be, and "" when it lies apart from the store.
func identityWithin(cfg *config.Config) string {
	file := resolve(cfg.IdentityFile)
	for _, folder := range []string{cfg.DataDir, cfg.StoragePath} {
		if relative, err := filepath.Rel(resolve(folder), file); err == nil && filepath.IsLocal(relative) {
			return folder
		}
	}
	return ""
}

// resolve follows the links in a path as far as there is something.
func resolve(path string) string {
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(found, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// checkIdentityPlace fails where no identity can be kept for a store that is about
// to be made, and where a new one would lie in the store that it opens.
func checkIdentityPlace(cfg *config.Config) error {
	if cfg.IdentityFile == "" {
		return noIdentityPlace()
	}
	if folder := identityWithin(cfg); folder != "" && missing(cfg.IdentityFile) {
		return jarvis.Errorf(jarvis.CodeInvalid, "%sthe identity %s would lie in %s, so that every copy of the store would hold what opens it: name a file elsewhere with --identity-file or JARVIS_IDENTITY_FILE", storeUnmade, cfg.IdentityFile, folder)
	}
	return nil
}

func noIdentityPlace() error {
	return jarvis.Errorf(jarvis.CodeInvalid, "there is no home folder to keep the identity in: name its file with --identity-file or JARVIS_IDENTITY_FILE")
}

// warnIdentityPlace warns of an identity that lies in the store.
func (a *app) warnIdentityPlace(cfg *config.Config) {
	if folder := identityWithin(cfg); folder != "" {
		a.note("Warning: the identity %s lies in %s, so that every copy of the store holds what opens it. %s.", tilde(cfg.IdentityFile), folder, moveIdentity)
	}
}

const moveIdentity = "Move it elsewhere, and name it with --identity-file or JARVIS_IDENTITY_FILE"
