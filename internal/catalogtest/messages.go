package catalogtest

import (
	"fmt"

	"github.com/jarvis-memory/jarvis"
)

// What a person is told, the same on every database.
const (
	messageClosed        = "the catalogue is closed"
	messageCancelled     = "the catalogue was not waited for: the operation was cancelled"
	messageTimeout       = "the catalogue was not waited for: the time allowed ran out"
	messageForeign       = "the database has a table captures that is not a catalogue of Jarvis: use another database"
	messageNothingToUndo = "there is no migration to undo: the first one made the captures themselves"
	messageNoPublicKey   = "a sealed store needs the public key of its identity, and got none"
	messageMinutes       = "minutes are counted for at most 50 hours at once: ask for a shorter time"
	messageNoCredential  = "there is no such token or session, or it has ended"
	messageNoSignIn      = "the sign-in link was used before or has expired: make another with jarvis signin"
	messageSameText      = "there already is a credential of this text: make another"
)

func messageMissing(id jarvis.ID) string { return fmt.Sprintf("there is no capture %s", id) }

func messageDeleted(id jarvis.ID) string { return fmt.Sprintf("capture %s was deleted", id) }

func messageTaken(id jarvis.ID) string { return fmt.Sprintf("there already is a capture %s", id) }

func messagePending(id jarvis.ID) string {
	return fmt.Sprintf("the deletion of capture %s is not finished: run the same deletion again, then undo it", id)
}

func messageReferred(id jarvis.ID) string {
	return fmt.Sprintf("a table that is not Jarvis's refers to capture %s: remove the reference first", id)
}

func messageLimit(limit int) string {
	return fmt.Sprintf("a page holds 1 to %d, not %d", jarvis.MaxPage, limit)
}

func messageNoToken(name string) string { return fmt.Sprintf("there is no token %q", name) }

func messageTokenTaken(name string) string {
	return fmt.Sprintf("there already is a token %q, or was one of another scope: choose another name, or revoke the one that is", name)
}

func messageNoSession(id jarvis.ID) string { return fmt.Sprintf("there is no session %s", id) }

func messageSpanDiffers(s jarvis.Span) string {
	return fmt.Sprintf("span %d of device %q was sent before with another beginning or state: give it another number", s.Number, s.Device)
}

func messageNewer(version, known int64) string {
	return fmt.Sprintf("the catalogue has schema version %d and this program knows versions up to %d: use a newer jarvis", version, known)
}
