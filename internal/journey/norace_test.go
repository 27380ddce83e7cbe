//go:build !race

package journey

// slower is how many times longer what this machine does may take.
const slower = 1
