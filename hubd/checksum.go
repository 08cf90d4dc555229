package hubd

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"

	"koji"
	"koji/sqlstore"
)

// checksums are digests of several types of what is written.
type checksums map[koji.ChecksumType]hash.Hash

func newChecksums(types []koji.ChecksumType) checksums {
	made := map[koji.ChecksumType]func() hash.Hash{koji.ChecksumMD5: md5.New, koji.ChecksumSHA1: sha1.New, koji.ChecksumSHA256: sha256.New}
	sums := checksums{}
	for _, t := range types {
		sums[t] = made[t]()
	}
	return sums
}

func (s checksums) Write(p []byte) (int, error) {
	for _, h := range s {
		h.Write(p) // never fails
	}
	return len(p), nil
}

// keep records the digests of the copy of an rpm that a key signed.
func (s checksums) keep(c *call, r *keptRPM, key string) error {
	for t, h := range s {
		if err := c.tx.SetRPMChecksum(c, r.ID, key, t, hex.EncodeToString(h.Sum(nil))); err != nil {
			return err
		}
	}
	return nil
}

type rpmChecksumsArgs struct {
	RPM       any  `rpc:"rpm_id"`
	Types     any  `rpc:"checksum_types=nil"`
	CacheOnly bool `rpc:"cacheonly=false"`
}

// getRPMChecksums gives the digests of each signed copy of an rpm, whether it is
// on disk or not. What had to be computed is kept, if it isn't nobody who asks.
func getRPMChecksums(c *call, a rpmChecksumsArgs) (any, error) {
	id, ok := a.RPM.(int64)
	if !ok {
		return nil, refuse("rpm_id: invalid type %s, want an integer", typeName(a.RPM))
	}
	types, err := checksumsArg(a.Types, c.hub.cfg.RPMDefaultChecksums)
	if err != nil {
		return nil, err
	}
	r, err := c.keptRPM(id)
	if err != nil {
		return nil, err
	}
	sigs, _, err := c.tx.RPMSigs(c, &r.ID, nil, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	known, err := c.tx.RPMChecksums(c, r.ID)
	if err != nil {
		return nil, err
	}
	answer := map[string]map[string]any{}
	for _, sig := range sigs {
		digests := map[string]any{}
		var missing []koji.ChecksumType
		for _, t := range types {
			digest, ok := known[sqlstore.ChecksumKey{Key: sig.Key, Type: t}]
			if digests[t.String()] = digest; !ok {
				digests[t.String()] = nil
				missing = append(missing, t)
			}
		}
		if len(missing) > 0 && !a.CacheOnly {
			sums, err := c.computeChecksums(r, sig.Key, missing)
			if err != nil {
				return nil, err
			}
			for t, h := range sums {
				digests[t.String()] = hex.EncodeToString(h.Sum(nil))
			}
		}
		answer[sig.Key] = digests
	}
	return answer, nil
}

func checksumsArg(v any, standard []koji.ChecksumType) ([]koji.ChecksumType, error) {
	if v == nil {
		return standard, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, refuse("checksum_types: invalid type %s, want an array", typeName(v))
	}
	types := []koji.ChecksumType{}
	for _, item := range list {
		name, ok := item.(string)
		t, err := koji.ParseChecksumType(name)
		if !ok || err != nil {
			return nil, refuse("checksum_types: %v is none of md5, sha1, sha256", refText(item))
		}
		types = append(types, t)
	}
	return types, nil
}

// computeChecksums reads the rpm; the digests are kept if it isn't nobody who asks.
func (c *call) computeChecksums(r *keptRPM, key string, types []koji.ChecksumType) (checksums, error) {
	sums := newChecksums(types)
	err := onRoot(c.hub.paths.Volume(r.build.VolumeName), func(root *os.Root) error { return r.writeSigned(root, sums, key) })
	if err != nil {
		return nil, signedFault(err, r, key)
	}
	if c.session.user == 0 {
		return sums, nil
	}
	return sums, sums.keep(c, r, key)
}
