package hubd

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"koji"
	"koji/internal/rpmfile"
	"koji/sqlstore"
)

func signatureMethods() []method {
	return []method{
		writes("addRPMSig", perm("sign"), "Stores a base64 signature header for an rpm (file in sigcache plus rpmsigs row).", addRPMSig),
		writes("deleteRPMSig", perm("admin"), "Removes one or all signatures of an rpm including signed copies.", deleteRPMSig),
		reads("queryRPMSigs", anyone, "Stored signatures by rpm and/or key.", queryRPMSigs),
		writes("writeSignedRPM", perm("sign"), "Writes the signed copy of an rpm for a key.", writeSignedRPM),
		writes("host.writeSignedRPM", builderOrSigner, "Writes a signed copy, for builders and those who may sign.", writeSignedRPM),
		writes("getRPMChecksums", anyone, "Map sigkey -> checksum type -> digest, computed on demand unless cacheonly.", getRPMChecksums),
	}
}

// builderOrSigner is a builder, or who may call writeSignedRPM. Koji lets anybody call host.writeSignedRPM.
var builderOrSigner = access{"hosts, sign", func(c *call) error {
	err := builder.check(c)
	if err != nil && c.needPerm("sign") == nil {
		return nil
	}
	return err
}}

// keptRPM is an rpm whose file is kept, the build that has it, and that build's folder below the volume's root.
type keptRPM struct {
	*koji.RPM
	build *koji.Build
	dir   string
}

func (r *keptRPM) file() string { return path.Join(r.dir, r.Arch, r.FileName()) }

// sigCache is where a signature header is kept, signedCopy where the rpm with it is.
func (r *keptRPM) sigCache(key string) string {
	return path.Join(r.dir, "data/sigcache", key, r.Arch, r.FileName()+".sig")
}

func (r *keptRPM) signedCopy(key string) string {
	return path.Join(r.dir, "data/signed", key, r.Arch, r.FileName())
}

func (r *keptRPM) nvra() string { return strings.TrimSuffix(r.FileName(), ".rpm") }

// keptRPM finds an rpm whose file the hub keeps.
func (c *call) keptRPM(ref any) (*keptRPM, error) {
	r, err := c.findRPM(ref)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, noSuchRPM(ref)
	case r.BuildID == nil:
		return nil, refuse("Not an internal rpm: %s (from %s)", r.FileName(), r.ExternalRepoName)
	case r.MetadataOnly:
		return nil, refuse("%s is kept without its file", r.FileName())
	}
	b, err := c.tx.Build(c, *r.BuildID)
	if err != nil {
		return nil, err
	}
	return &keptRPM{r, b, c.buildDir(b)}, nil
}

// signatureKey is a key's id as it is stored: in lower case. It becomes a folder.
func signatureKey(key string) (string, error) {
	key = strings.ToLower(key)
	if strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyz_") != "" || len(key) > 64 {
		return "", refuse("Invalid sigkey: %q", key)
	}
	return key, nil
}

type addRPMSigArgs struct {
	RPM  any `rpc:"an_rpm"`
	Data any `rpc:"data"`
}

func addRPMSig(c *call, a addRPMSigArgs) (_ any, err error) {
	r, err := c.keptRPM(a.RPM)
	if err != nil {
		return nil, err
	}
	sig, err := signatureArg(r, a.Data)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(c.hub.paths.Volume(r.build.VolumeName))
	if err != nil {
		return nil, wrapError(err, "open volume %s", r.build.VolumeName)
	}
	defer root.Close()
	if _, err := root.Stat(r.file()); err != nil {
		return nil, refuse("rpm %s has no file", r.FileName())
	}
	in, err := c.newIntake(r.build.VolumeName)
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	if err := in.gather("packages"); err != nil {
		return nil, err
	}
	if err := c.addSignature(in, r.build, r.RPM, sig); err != nil {
		return nil, err
	}
	// What lies there without a record is of no one.
	return nil, in.overwrite(r.dir)
}

// signatureArg reads a signature header, which must be one of the rpm.
func signatureArg(r *keptRPM, v any) (sig rpmfile.Signature, err error) {
	header, isBinary := v.([]byte)
	if text, ok := v.(string); ok {
		if header, err = base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(text)); err != nil {
			return sig, refuse("data: no base64: %v", err)
		}
	} else if !isBinary {
		return sig, fault(koji.CodeParameter, "addRPMSig: data: invalid type %s, want a string", typeName(v))
	}
	if sig, err = rpmfile.ParseSignature(header); err != nil {
		return sig, refuse("data: no signature header of %s: %v", r.nvra(), err)
	}
	if sig.MD5 != r.PayloadHash {
		return sig, refuse("wrong md5 for %s: %s", r.nvra(), sig.MD5)
	}
	return sig, nil
}

// addSignature records a signature of an rpm and gathers its header.
func (c *call) addSignature(in *intake, b *koji.Build, r *koji.RPM, sig rpmfile.Signature) error {
	info := map[string]any{"sigkey": sig.Key, "sighash": sig.Hash(), "build": b, "rpm": r}
	if err := c.callback("preRPMSign", info); err != nil {
		return err
	}
	added, err := c.tx.AddRPMSig(c, r.ID, sig.Key, sig.Hash())
	if err != nil {
		return err
	}
	if !added {
		return refuse("Signature already exists for package %s, key %s", strings.TrimSuffix(r.FileName(), ".rpm"), sig.Key)
	}
	if err := in.write(path.Join("data/sigcache", sig.Key, r.Arch, r.FileName()+".sig"), sig.Header); err != nil {
		return err
	}
	return c.callback("postRPMSign", info)
}

type deleteRPMSigArgs struct {
	RPM     any     `rpc:"rpminfo"`
	Key     *string `rpc:"sigkey=nil"`
	AllSigs bool    `rpc:"all_sigs=false"`
}

func deleteRPMSig(c *call, a deleteRPMSigArgs) (any, error) {
	var only *string
	if !a.AllSigs {
		if deref(a.Key) == "" {
			return nil, refuse("No signature specified: give sigkey or all_sigs")
		}
		key, err := signatureKey(*a.Key)
		if err != nil {
			return nil, err
		}
		only = &key
	}
	r, err := c.keptRPM(a.RPM)
	if err != nil {
		return nil, err
	}
	sigs, _, err := c.tx.RPMSigs(c, &r.ID, only, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	if len(sigs) == 0 {
		if only != nil {
			return nil, refuse("%s has no matching signature of key %s", r.nvra(), *only)
		}
		return nil, refuse("%s has no signatures to delete", r.nvra())
	}
	for _, s := range sigs {
		if err := c.tx.DeleteRPMSig(c, r.ID, s.Key); err != nil {
			return nil, err
		}
	}
	top, log := c.hub.paths.Volume(r.build.VolumeName), c.log()
	c.tx.AfterCommit(func() {
		err := onRoot(top, func(root *os.Root) error {
			var failed error
			for _, s := range sigs {
				for _, p := range []string{r.sigCache(s.Key), r.signedCopy(s.Key)} {
					if err := root.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
						failed = errors.Join(failed, err)
						continue
					}
					root.Remove(path.Dir(p)) // the folders of arch and key, once they are empty
					root.Remove(path.Dir(path.Dir(p)))
				}
			}
			return failed
		})
		if err != nil {
			log.Error("remove files of deleted signatures", "rpm", r.ID, "err", err)
		}
	})
	return nil, nil
}

type queryRPMSigsArgs struct {
	RPM       any     `rpc:"rpm_id=nil"`
	Key       *string `rpc:"sigkey=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
}

func queryRPMSigs(c *call, a queryRPMSigsArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	var rpm *int64
	if a.RPM != nil {
		r, err := c.findRPM(a.RPM)
		if err != nil {
			return nil, err
		}
		none := int64(-1)
		rpm = &none
		if r != nil {
			rpm = &r.ID
		}
	}
	if a.Key != nil {
		lower := strings.ToLower(*a.Key)
		a.Key = &lower
	}
	sigs, n, err := c.tx.RPMSigs(c, rpm, a.Key, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return n, nil
	}
	return rows(opts, sigs), nil
}

type writeSignedRPMArgs struct {
	RPM   any    `rpc:"an_rpm"`
	Key   string `rpc:"sigkey"`
	Force bool   `rpc:"force=false"`
}

// writeSignedRPM writes the copy of an rpm that has a signature: the file as it
// was imported, with the signature header of the cache.
func writeSignedRPM(c *call, a writeSignedRPMArgs) (_ any, err error) {
	r, err := c.keptRPM(a.RPM)
	if err != nil {
		return nil, err
	}
	key, err := signatureKey(a.Key)
	if err != nil {
		return nil, err
	}
	sigs, _, err := c.tx.RPMSigs(c, &r.ID, &key, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	if len(sigs) == 0 {
		return nil, refuse("No cached signature for package %s, key %s", r.nvra(), key)
	}
	in, err := c.newIntake(r.build.VolumeName)
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	if _, err := in.volume.Lstat(r.signedCopy(key)); err == nil && !a.Force {
		return nil, nil
	}
	if err := in.gather("packages"); err != nil {
		return nil, err
	}
	f, err := in.create(strings.TrimPrefix(r.signedCopy(key), r.dir+"/"))
	if err != nil {
		return nil, err
	}
	sums := newChecksums(c.hub.cfg.RPMDefaultChecksums)
	err = r.writeSigned(in.volume, io.MultiWriter(f, sums), key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, signedFault(err, r, key)
	}
	if err := sums.keep(c, r, key); err != nil {
		return nil, err
	}
	return nil, in.overwrite(r.dir)
}

// signedFault tells a caller why a signed copy can't be made.
func signedFault(err error, r *keptRPM, key string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("the file of %s, or its signature of key %s, is gone", r.nvra(), key)
	case errors.Is(err, rpmfile.ErrNotRPM):
		return refuse("%s can't be signed: %v", r.nvra(), err)
	}
	return diskFault(err, "write %s with the signature of key %s", r.nvra(), key)
}

// writeSigned writes the rpm with the signature of a key.
func (r *keptRPM) writeSigned(root *os.Root, w io.Writer, key string) error {
	header, err := root.ReadFile(r.sigCache(key))
	if err != nil {
		return err
	}
	f, err := root.Open(r.file())
	if err != nil {
		return err
	}
	defer f.Close()
	return rpmfile.WriteSigned(w, f, rpmfile.Signature{Header: header, Key: key})
}
