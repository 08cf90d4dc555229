package hubd

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"

	"koji"
)

type uploadFileArgs struct {
	Path     string  `rpc:"path"`
	Name     string  `rpc:"name"`
	Size     any     `rpc:"size"`
	MD5Sum   any     `rpc:"md5sum"`
	Offset   any     `rpc:"offset"`
	Data     string  `rpc:"data"`
	Volume   *string `rpc:"volume=nil"`
	Checksum any     `rpc:"checksum=nil"`
}

// uploadFile is the upload inside XML-RPC. Koji: reference/wire.md §6.
func uploadFile(c *call, a uploadFileArgs) (any, error) {
	size, err := intArg("size", a.Size)
	if err != nil {
		return nil, err
	}
	offset, err := intArg("offset", a.Offset)
	if err != nil || offset < -1 || offset > furthest {
		return nil, errors.Join(err, fault(koji.CodeParameter, "offset %v is no place in a file", a.Offset))
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(a.Data), ""))
	if err != nil {
		return nil, fault(koji.CodeParameter, "data is no base64: %v", err)
	}
	verify, want, err := checksumArg(a.MD5Sum, a.Checksum)
	if err != nil {
		return nil, err
	}
	k := chunk{dir: a.Path, name: a.Name, offset: offset}
	if a.Volume != nil {
		k.volume = *a.Volume
	}
	if err := c.mayUpload(&k); err != nil {
		return nil, err
	}
	root, err := c.hub.workRoot(k.volume, true)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if offset != -1 {
		sum, err := digest(verify)
		if err != nil {
			return nil, err
		}
		if sum != nil {
			sum.Write(data)
		}
		if int64(len(data)) != size || sum != nil && hex.EncodeToString(sum.Sum(nil)) != want {
			return false, nil
		}
	}
	return c.hub.storeLegacy(root, k, data, size, verify, want)
}

// checksumArg reads md5sum and checksum: a text is an md5, a pair names its kind.
func checksumArg(md5sum, checksum any) (verify, want string, err error) {
	v := md5sum
	if checksum != nil {
		v = checksum
	}
	switch v := v.(type) {
	case nil:
		return "", "", nil
	case string:
		return "md5", v, nil
	case []any:
		if len(v) == 2 {
			kind, okKind := v[0].(string)
			sum, okSum := v[1].(string)
			if okKind && okSum {
				_, err := digest(kind)
				return kind, sum, err
			}
		}
	}
	return "", "", fault(koji.CodeParameter, "checksum: want a text or an array of kind and digest")
}

func (h *Hub) storeLegacy(root *os.Root, k chunk, data []byte, size int64, verify, want string) (any, error) {
	k.overwrite = k.offset == 0 && strings.HasSuffix(k.name, ".log")
	f, err := openUpload(root, k)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	last, at := k.offset == -1, k.offset
	if last {
		if at = size - int64(len(data)); at < 0 || at > f.before {
			return false, f.undo(nil) // parts of it never came
		}
	}
	if last || at == 0 {
		if err := f.Truncate(at); err != nil {
			return nil, f.undo(err)
		}
		f.before = at
	}
	if _, err := f.WriteAt(data, at); err != nil {
		return nil, f.undo(err)
	}
	h.metrics.uploaded.Add(float64(len(data)))
	h.tellLog(k.dir, k.name, at+int64(len(data)))
	if !last || verify == "" {
		return true, nil
	}
	sum, err := digest(verify)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, wrapError(err, "read %s", f.rel)
	}
	if _, err := io.Copy(sum, f); err != nil {
		return nil, wrapError(err, "read %s", f.rel)
	}
	return hex.EncodeToString(sum.Sum(nil)) == want, nil
}
