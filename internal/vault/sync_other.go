//go:build !unix

package vault

// syncFolder does nothing: folders cannot be synced here, and the file system
// journals their entries.
func syncFolder(string) error { return nil }

// isFull cannot tell: the errors of this system are not known here.
func isFull(error) bool { return false }
