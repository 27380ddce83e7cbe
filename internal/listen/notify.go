package listen

import (
	"context"
	"net"
	"os"
	"time"
)

// notify tells systemd about the state of the service, if it started the
// program and asks for that (sd_notify(3)). A service manager that cannot be
// told must not stop the service: the failure is logged.
func (s *Server) notify(ctx context.Context, state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if err := send(ctx, path, state); err != nil {
		s.logger.Warn("the service manager could not be told about the state", "state", state, "error", err)
	}
}

// send sends a state to the socket at path. A name that begins with @ is one of
// Linux's that is no file: package net knows them.
func send(ctx context.Context, path, state string) error {
	socket, err := new(net.Dialer).DialContext(ctx, "unixgram", path)
	if err != nil {
		return err
	}
	// A manager that does not listen must not hold up a stop.
	err = socket.SetWriteDeadline(time.Now().Add(time.Second))
	if err == nil {
		_, err = socket.Write([]byte(state))
	}
	if closeErr := socket.Close(); err == nil {
		err = closeErr
	}
	return err
}
