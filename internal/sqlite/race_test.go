//go:build race

package sqlite

// raceDetector says that the tests run under it, where SQLite takes ten times as
// long.
const raceDetector = true
