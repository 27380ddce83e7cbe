package cli

import (
	"context"
	"strconv"

	"github.com/jarvis-memory/jarvis"
)

type helpCmd struct {
	Topic []string `arg:"" optional:"" help:"A command, exit-codes, json or times."`
}

// Help is the long help.
func (helpCmd) Help() string {
	return `Examples:

    jarvis help add
    jarvis help exit-codes
    jarvis help json
    jarvis help times
`
}

const jsonText = `With --json every command prints JSON Lines: one object on each line.

Keys are named like the columns of the catalogue; times are RFC 3339 in UTC, sizes are
bytes. A text that nobody gave is empty, a stored_size that is not known is 0, and
everything else that is not known is null. Where nothing is to be told, nothing is printed.

  add       one object per file, as soon as it is stored for good or has failed:
            {file, id, status: stored|exists|failed, timestamp, time_source, error}
            time_source is flag, exif, name, mtime, or now for a pipe; future: true
            marks a time that is still to come; code says what kind of error it is
  list      one object per capture, with a cursor for --after, without its text
  search    one object per result: {capture, count, from, to, snippet, boxes, score}, then
            {understood, results, unread, next, ranked, partial, facets}: next is for
            --after, and unread is told when nothing is found
  show      one object, with the text as ocr_text; with --words also {text_state, reason,
            language, engine, masked, words}
  get -o    {id, file, file_size}
  rm        {id, error, code} for each capture that could not be removed, then
            {removed, bytes, missing, failed, gone, may_remain}: what was removed,
            and where Jarvis does not reach
  stats     one object with the arrays devices and days
  start     one object with what is there, and the screenshots that were found
  migrate   one object per migration: status all of them, up those it applied, which
            may be none, and down the one it undid
  verify    one object per finding, with its kind, then one with the counts
  pin       {id, pinned, error} for each capture, and unpin likewise
  device    add: {name, scope, token}; list: one object per token; revoke: {name, revoked}
  session   list: one object per browser; end: {id, ended}
  signin    {url, expires_at}
  audit     one object per line: {minute, who, address, action, times, captures}
  serve     {address, url} once it listens; start does the same after its own object
  health    {status, version, database, storage}
  bench     one object per number of clients
  key       status: {store: sealed|plain|none, public_key, key_file, identity_file,
            identity, identity_in_store, passphrase, no_text_in_database, opens};
            show-recovery: {identity_file, public_key, words};
            restore: {identity_file, public_key};
            passphrase: {identity_file, public_key, passphrase: true|false}

Errors go to standard error, also as one object: {error, code, exit}, on the last line.
Lines before it are what is wrong and stops nothing, as {warning}, and what a person has
to know, such as that an identity was made. A server writes its log there.
`

const timesText = `How to write a time

  2026-01-24T20:39:09+01:00   RFC 3339, with or without a fraction and a zone
  2026-01-24 20:39            local time, or the time of --tz
  2026-01-24, 2026-01, 2026   a day, a month, a year: from its beginning, or as --to up
                              to its end
  now, today, yesterday, tomorrow
  monday, last mon            the latest one, today included; with last, before today
  20:39, 8:39 pm              today
  yesterday 14:30, monday at 9:00
  2h ago, 3d, 1h30m, 1 week   that long ago: s, m, h, d, w, month, y

When clocks are set back, an hour comes twice: the earlier one is meant. Times from
1970 to 9999 are known. They are stored in UTC to the microsecond.
`

// Run prints the help.
func (cmd *helpCmd) Run(_ context.Context, a *app) error {
	if len(cmd.Topic) == 1 {
		switch cmd.Topic[0] {
		case "exit-codes":
			return a.printExitCodes()
		case "json":
			a.out.WriteString(jsonText) // the writer keeps its error for flush
			return nil
		case "times":
			a.out.WriteString(timesText) // likewise
			return nil
		}
	}
	if _, err := a.parser.Parse(append(cmd.Topic, "--help")); err != nil && a.out.Buffered() == 0 {
		return jarvis.Errorf(jarvis.CodeInvalid, "there is no help on %q: see jarvis --help for the commands, or ask for exit-codes, json or times", cmd.Topic[0])
	}
	return nil
}

func (a *app) printExitCodes() error {
	t := table{columns: []column{{title: "EXIT", right: true}, {title: "MEANING"}}}
	for _, m := range exitMeanings() {
		if a.json {
			if err := a.printJSON(struct {
				Exit    int    `json:"exit"`
				Meaning string `json:"meaning"`
			}{m.status, m.meaning}); err != nil {
				return err
			}
			continue
		}
		t.add(strconv.Itoa(m.status), m.meaning)
	}
	t.print(a.console, true)
	return nil
}
