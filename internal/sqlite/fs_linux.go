package sqlite

import (
	"golang.org/x/sys/unix"

	"github.com/jarvis-memory/jarvis"
)

// unfit are the file systems on which several processes cannot share SQLite's
// locks and memory, by the number that statfs(2) gives them.
var unfit = map[uint32]string{
	unix.NFS_SUPER_MAGIC:   "NFS",
	unix.SMB_SUPER_MAGIC:   "SMB",
	unix.SMB2_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC:  "SMB",
	unix.AFS_SUPER_MAGIC:   "AFS",
	unix.AFS_FS_MAGIC:      "AFS",
	unix.CODA_SUPER_MAGIC:  "Coda",
	unix.EXFAT_SUPER_MAGIC: "exFAT",
	unix.MSDOS_SUPER_MAGIC: "FAT",
}

// checkFileSystem refuses a folder on which SQLite is not safe.
func checkFileSystem(folder string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return pathError("examine", folder, err)
	}
	return refuseFileSystem(folder, uint32(s.Type))
}

func refuseFileSystem(folder string, magic uint32) error {
	if name, ok := unfit[magic]; ok {
		return jarvis.Errorf(jarvis.CodeUnavailable, "%s is on a file system (%s) that SQLite cannot lock safely: put the catalogue on a local disk, or use PostgreSQL", folder, name)
	}
	return nil
}

// freeSpace returns the bytes of the folder's file system that this user may
// still use.
func freeSpace(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
