//go:build !race

package sqlite

// raceDetector says that the tests run under the race detector.
const raceDetector = false
