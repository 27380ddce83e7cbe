package jarvis

// Image is what the header of an image says.
type Image struct {
	Format Format
	Width  int // pixels
	Height int // pixels
}

// ImageLimits bounds the images that are accepted.
type ImageLimits struct {
	MaxBytes  int64 // size of the file
	MaxPixels int64 // width times height, from the header, before anything is decoded
}

// DefaultImageLimits are 32 MiB and 200 megapixels.
var DefaultImageLimits = ImageLimits{MaxBytes: 32 << 20, MaxPixels: 200_000_000}
