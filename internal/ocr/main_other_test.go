//go:build !linux

package ocr

func adoptOrphans() {}
