// Package journey holds nothing but tests: what people do with the pages, from
// signing in to finding a word of a day long ago, done in a real Chromium on a real
// server. Whatever page they visit is watched for errors, requests to others,
// barriers and sideways scrolling.
//
// They need the system's Chromium, or the one that JARVIS_TEST_CHROMIUM names. Where
// JARVIS_SCREENSHOTS names a folder, the screenshots of every journey are written
// there.
package journey
