package cli

type benchCmd struct {
	Upload benchUploadCmd `cmd:"" help:"Measure how many uploads this machine takes, beside a bare server that only writes files."`
	Bare   benchBareCmd   `cmd:"" hidden:"" help:"The bare server."`
}

// Help is the long help.
func (benchCmd) Help() string {
	return `Example:

    jarvis bench upload --dir /mnt/disk
`
}
