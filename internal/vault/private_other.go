//go:build !unix

package vault

import "io/fs"

// isPrivate cannot tell: the permission bits say nothing here. A profile's
// folders keep other people out on their own.
func isPrivate(fs.FileInfo) bool { return true }
