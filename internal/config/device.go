package config

import (
	"os"
	"os/user"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// DefaultDevice returns the name of this machine in its captures: user@host,
// the host without its domain, which changes with the network. What cannot be
// found out is "unknown".
func DefaultDevice() string {
	name := "unknown"
	if current, err := user.Current(); err == nil && current.Username != "" {
		name = current.Username
	} else if fromEnv := os.Getenv("USER"); fromEnv != "" {
		name = fromEnv
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	return deviceName(name, host)
}

// deviceName joins the two; Windows puts a domain before the user.
func deviceName(name, host string) string {
	name = name[strings.LastIndexByte(name, '\\')+1:]
	if short, _, _ := strings.Cut(host, "."); short != "" {
		host = short
	}
	return jarvis.CleanText(name+"@"+host, jarvis.MaxDevice)
}
