//go:build !unix

package config

import "io/fs"

// isPrivate cannot tell: there are no such bits here, and the folder of a person
// is private.
func isPrivate(fs.FileInfo) bool { return true }
