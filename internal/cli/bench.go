package cli

type benchCmd struct {
	Upload benchUploadCmd `cmd:"" help:"Measure how many uploads this machine takes, beside a bare server that only writes files."`
	OCR    benchOCRCmd    `cmd:"" name:"ocr" help:"Measure how much of known screens is read, beside tesseract by hand."`
	Bare   benchBareCmd   `cmd:"" hidden:"" help:"The bare server."`
}

// Help is the long help.
func (benchCmd) Help() string {
	return `Examples:

    jarvis bench upload --dir /mnt/disk
    jarvis bench ocr screens
`
}
