//go:build !linux

package listen

// descriptorLimit returns 0: how many files may be open is not known here.
func descriptorLimit() int { return 0 }

// openDescriptors returns 0: how many files are open is not known here.
func openDescriptors() int { return 0 }
