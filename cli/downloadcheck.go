package cli

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"koji"
	"koji/internal/rpmfile"
)

// rpmCheck is whether a file is the rpm that the hub has, signed or not: the
// payload's digest is in it, and must be the payload's. It is nil if the hub
// doesn't tell that digest.
func rpmCheck(r koji.RPM) func(file string) error {
	if r.PayloadHash == "" {
		return nil
	}
	return func(file string) error {
		f, err := rpmfile.Open(file)
		if err != nil {
			return doubt{err}
		}
		if f.SigMD5 != r.PayloadHash {
			return failf("%s is not the rpm that the hub has: its payload's md5 is %s instead of %s", file, f.SigMD5, r.PayloadHash)
		}
		if err := f.VerifyPayload(); err != nil {
			return failf("%s is damaged: %v", file, err)
		}
		return nil
	}
}

// outputCheck is whether a file of a task's has the size that the hub tells, and
// is whole if it is an rpm: the hub knows no digest of what isn't imported yet.
func outputCheck(size int64) func(file string) error {
	return func(file string) error {
		info, err := os.Stat(file)
		if err != nil {
			return fmt.Errorf("check %s: %w", file, err)
		}
		if info.Size() != size {
			return failf("%s is not the file that the hub has: of its %d bytes %d came", file, size, info.Size())
		}
		if !strings.HasSuffix(file, ".rpm") {
			return nil
		}
		f, err := rpmfile.Open(file)
		if err != nil {
			return doubt{err}
		}
		if err := f.VerifyPayload(); err != nil && f.SigMD5 != "" {
			return failf("%s is damaged: %v", file, err)
		}
		return nil
	}
}

// archiveCheck is whether a file has the digest that the hub has of an archive;
// nil if the hub has none.
func archiveCheck(a archive) func(file string) error {
	digests := map[koji.ChecksumType]func() hash.Hash{
		koji.ChecksumMD5: md5.New, koji.ChecksumSHA1: sha1.New, koji.ChecksumSHA256: sha256.New,
	}
	digest := digests[a.ChecksumType]
	if digest == nil || a.Checksum == "" {
		return nil
	}
	return func(file string) error {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("check %s: %w", file, err)
		}
		defer f.Close()
		sum := digest()
		if _, err := io.Copy(sum, f); err != nil {
			return fmt.Errorf("check %s: %w", file, err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != a.Checksum {
			return failf("%s is not the archive that the hub has: its %s is %s instead of %s", file, a.ChecksumType, got, a.Checksum)
		}
		return nil
	}
}
