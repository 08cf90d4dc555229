package hubd

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/adler32"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

func uploadMethods() []method {
	return []method{
		writes("uploadFile", user, "Legacy chunk upload with base64 payload.", uploadFile),
		reads("checkUpload", anyone, "Size, mtime and optional checksum of an uploaded file, or nil when missing.", checkUpload),
	}
}

// chunk is a piece of a file on its way to the work area.
type chunk struct {
	dir, name string // below the volume's work folder
	volume    string
	offset    int64 // -1: at the end
	overwrite bool
	verify    string // of the answer: md5, adler32, sha256 or none
	body      io.Reader
}

// stored is the answer to a raw upload. The digest is the chunk's.
type stored struct {
	Size      int64  `xmlrpc:"size"`
	Verify    string `xmlrpc:"fileverify"`
	Offset    int64  `xmlrpc:"offset"`
	HexDigest string `xmlrpc:"hexdigest,omitempty"`
}

// serveUpload takes a raw upload. Koji: reference/wire.md §5.
func (h *Hub) serveUpload(w http.ResponseWriter, r *http.Request, req *request) {
	start := time.Now()
	out := newReply(w)
	enc := xmlrpc.NewEncoder(out)
	result, err := h.rawUpload(r, req)
	if err != nil {
		e := h.faultOf(req, "rawUpload", err)
		req.code = e.Code
		err = enc.Fault(e.Fault())
	} else {
		err = enc.Response(result)
	}
	if err == nil {
		err = out.finish()
	}
	if err != nil {
		h.log.Debug("client went away", "request", req.id, "method", "rawUpload", "err", err)
	}
	h.served(req, "rawUpload", start)
}

func (h *Hub) rawUpload(r *http.Request, req *request) (*stored, error) {
	if h.cfg.ServerOffline {
		return nil, fault(koji.CodeServerOffline, "%s", h.cfg.offlineMessage())
	}
	q := r.URL.Query()
	k, err := chunkOf(q)
	if err != nil {
		return nil, err
	}
	k.body = r.Body
	err = h.store.Read(r.Context(), func(tx *sqlstore.Tx) error {
		c := &call{Context: r.Context(), hub: h, tx: tx, method: "rawUpload", request: req}
		var err error
		if c.session, err = h.checkSession(c, false); err != nil {
			return err
		}
		if err := user.check(c); err != nil {
			return err
		}
		if err := h.lockedOut(c); err != nil {
			return err
		}
		return c.mayUpload(&k)
	})
	var expire *needsExpiry
	if errors.As(err, &expire) {
		return nil, h.expire(r.Context(), expire)
	}
	if err != nil {
		return nil, err
	}
	return h.storeChunk(k)
}

func chunkOf(q url.Values) (k chunk, err error) {
	if !q.Has("filename") {
		return k, fault(koji.CodeParameter, "upload: filename is not given")
	}
	k = chunk{
		dir: q.Get("filepath"), name: q.Get("filename"), volume: q.Get("volume"),
		overwrite: q.Get("overwrite") != "", verify: q.Get("fileverify"),
	}
	if text := q.Get("offset"); text != "" {
		if k.offset, err = strconv.ParseInt(text, 10, 64); err != nil || k.offset < -1 || k.offset > furthest {
			return k, fault(koji.CodeParameter, "upload: offset %q is no place in a file", text)
		}
	}
	if _, err := digest(k.verify); err != nil {
		return k, err
	}
	return k, nil
}

// digest is the hash of a name; nil for "".
func digest(name string) (hash.Hash, error) {
	switch name {
	case "":
		return nil, nil
	case "md5":
		return md5.New(), nil
	case "adler32":
		return adler32.New(), nil
	case "sha256":
		return sha256.New(), nil
	}
	return nil, refuse("Unsupported verify type: %s; one of md5, adler32, sha256", name)
}

// Longer names no file system takes, nor system calls the full paths of longer
// folders.
const (
	longestName = 255
	longestDir  = 2048
	furthest    = 1 << 60 // place in a file
)

// uploadPath checks a path of the work area and gives it in its plain form.
// Koji: reference/paths.md, "Upload rules".
func uploadPath(dir, name string) (string, error) {
	if name == "" || len(name) > longestName || strings.Contains(name, "/") || strings.HasPrefix(name, ".") || badText(name) {
		return "", refuse("Invalid upload filename: %s", name)
	}
	clean := path.Clean(dir)
	if dir == "" || len(dir) > longestDir || clean == "." || path.IsAbs(dir) || clean == ".." || strings.HasPrefix(clean, "../") || badText(dir) {
		return "", refuse("Invalid upload directory: %s", dir)
	}
	for _, part := range strings.Split(clean, "/") {
		if strings.HasPrefix(part, ".") || len(part) > longestName {
			return "", refuse("Invalid upload directory: %s", dir)
		}
	}
	return path.Join(clean, name), nil
}

// badText says whether a path holds what no path should.
func badText(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == 0xfffd })
}

// mayUpload checks the path and whose it is, and makes its folder: tasks/…
// belongs to the host that runs the task, any other to who came first.
func (c *call) mayUpload(k *chunk) error {
	rel, err := uploadPath(k.dir, k.name)
	if err != nil {
		return err
	}
	k.dir = path.Dir(rel)
	if err := c.checkVolume(&k.volume); err != nil {
		return err
	}
	parts := strings.Split(k.dir, "/")
	if parts[0] == "tasks" {
		if len(parts) < 3 {
			return refuse("Invalid task upload directory: %s", k.dir)
		}
		id, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || parts[1] != strconv.FormatInt(id%10000, 10) {
			return refuse("Invalid task upload directory: %s", k.dir)
		}
		if err := builder.check(c); err != nil {
			return err
		}
		if _, err := c.openTaskOf(id); err != nil {
			return err
		}
	}
	root, err := c.hub.workRoot(k.volume, true)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(k.dir, 0o755); err != nil {
		return uploadFolderFault(err, k.dir)
	}
	if parts[0] == "tasks" {
		return nil
	}
	return c.ownFolder(root, k.dir)
}

// uploadFolderFault tells an uploader whose folder leads through a file or a
// link what is wrong; the disk's own trouble is the hub's.
func uploadFolderFault(err error, dir string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EIO) {
		return diskFault(err, "make folder %s", dir)
	}
	return refuse("Invalid upload directory: %s", dir)
}

// ownFolder binds a folder of the work area to its first uploader.
func (c *call) ownFolder(root *os.Root, dir string) error {
	mark := path.Join(dir, ".user")
	me := strconv.FormatInt(c.session.user, 10)
	f, err := root.OpenFile(mark, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.WriteString(me)
		return diskFault(errors.Join(err, f.Close()), "mark folder %s", dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return diskFault(err, "mark folder %s", dir)
	}
	owner, err := root.ReadFile(mark)
	if err != nil {
		return diskFault(err, "read mark of folder %s", dir)
	}
	if strings.TrimSpace(string(owner)) != me {
		return refuse("Invalid upload directory, not owner: %s", dir)
	}
	return nil
}

func (c *call) checkVolume(volume *string) error {
	if *volume == "" {
		*volume = "DEFAULT"
	}
	_, err := c.need(sqlstore.VolumeNames, *volume)
	return err
}

// workRoot opens the upload area of a volume. Nothing outside of it can be
// reached through it, whatever links there are.
func (h *Hub) workRoot(volume string, create bool) (*os.Root, error) {
	dir := h.paths.Work(volume)
	if create {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, diskFault(err, "make upload area")
		}
	}
	root, err := os.OpenRoot(dir)
	return root, diskFault(err, "open upload area")
}

// storeChunk writes a chunk to its place; if that fails the file is what it was before.
func (h *Hub) storeChunk(k chunk) (*stored, error) {
	root, err := h.workRoot(k.volume, true)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := openUpload(root, k)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum, err := digest(k.verify)
	if err != nil {
		return nil, f.undo(err)
	}
	if k.offset == -1 {
		k.offset = f.before
	}
	body := k.body
	if k.offset < f.before {
		// It replaces what is there: that is touched once the whole chunk has come.
		held, err := hold(root, k, body)
		if err != nil {
			return nil, f.undo(err)
		}
		defer held.Close()
		if !k.overwrite && k.offset+held.size < f.before {
			return nil, f.undo(wrongLength(f.rel, k.offset+held.size, f.before))
		}
		if err := f.Truncate(k.offset); err != nil {
			return nil, f.undo(err)
		}
		f.before, body = k.offset, held
	}
	if sum != nil {
		body = io.TeeReader(body, sum)
	}
	size, err := io.Copy(io.NewOffsetWriter(f, k.offset), body)
	if err != nil {
		return nil, f.undo(err)
	}
	result := &stored{Size: size, Verify: k.verify, Offset: k.offset}
	if sum != nil {
		result.HexDigest = hex.EncodeToString(sum.Sum(nil))
	}
	h.metrics.uploaded.Add(float64(size))
	h.tellLog(k.dir, k.name, k.offset+size)
	return result, nil
}

func wrongLength(rel string, want, got int64) error {
	return refuse("Incorrect upload length for %s - Expected %d, actual %d", rel, want, got)
}

// heldBody is a chunk that came whole.
type heldBody struct {
	*os.File
	size int64
}

// hold keeps a chunk in a file without a name, on the volume that it goes to.
func hold(root *os.Root, k chunk, body io.Reader) (*heldBody, error) {
	name := path.Join(k.dir, ".part-"+requestID())
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = root.Remove(name)
	var size int64
	if err == nil {
		size, err = io.Copy(f, body)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &heldBody{f, size}, nil
}

// uploaded is the file that a chunk goes to, open and locked.
type uploaded struct {
	*os.File
	root   *os.Root
	rel    string
	before int64 // its length when the upload began
	made   bool  // by this upload
}

// undo takes back what an upload did, and says why it failed.
func (f *uploaded) undo(err error) error {
	var back error
	if f.made {
		back = f.root.Remove(f.rel)
	} else {
		back = f.Truncate(f.before)
	}
	return diskFault(errors.Join(err, back), "store %s", f.rel)
}

// openUpload opens the file of a chunk and takes its lock, which ends with the file.
func openUpload(root *os.Root, k chunk) (*uploaded, error) {
	rel := path.Join(k.dir, k.name)
	info, err := root.Lstat(rel)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, diskFault(err, "look at %s", rel)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, refuse("destination is a symlink: %s", rel)
	case !info.Mode().IsRegular():
		return nil, refuse("destination not a file: %s", rel)
	case k.offset == 0 && !k.overwrite:
		return nil, refuse("upload path exists: %s", rel)
	}
	flags := os.O_RDWR | syscall.O_NOFOLLOW
	if err != nil {
		flags |= os.O_CREATE | os.O_EXCL // of two that come first, one makes it
	}
	f, err := root.OpenFile(rel, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, underWay(rel)
	}
	if err != nil {
		return nil, diskFault(err, "open %s", rel)
	}
	u := &uploaded{File: f, root: root, rel: rel, made: flags&os.O_EXCL != 0}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, underWay(rel)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, diskFault(err, "look at %s", rel)
	}
	u.before = info.Size()
	return u, nil
}

func underWay(rel string) error {
	return fault(koji.CodeLock, "another upload to %s is under way", rel)
}

// diskFault tells clients of what they can know about: a full disk. The rest
// is the hub's own trouble.
func diskFault(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return refuse("no space left on the hub's disk; nothing was stored")
	}
	if errors.Is(err, syscall.EFBIG) {
		return refuse("the hub's disk takes no file that long; nothing was stored")
	}
	return wrapError(err, format, args...)
}

// tellLog tells listeners at once that a task's log grew. It is told to those
// who listen now and kept nowhere: the file itself is the memory.
func (h *Hub) tellLog(dir, name string, size int64) {
	parts := strings.Split(dir, "/")
	if parts[0] != "tasks" || len(parts) < 3 || !strings.HasSuffix(name, ".log") {
		return
	}
	id, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return
	}
	name = path.Join(path.Join(parts[3:]...), name)
	h.feed.flash(koji.Notice{
		Kind: koji.NoticeLog, Time: koji.Seconds(time.Now()), Log: &koji.LogNotice{Task: id, Name: name, Size: size},
	})
}

type checkUploadArgs struct {
	Path   string  `rpc:"path"`
	Name   string  `rpc:"name"`
	Verify *string `rpc:"verify=nil"`
	Tail   *int64  `rpc:"tail=nil"`
	Volume *string `rpc:"volume=nil"`
}

func checkUpload(c *call, a checkUploadArgs) (any, error) {
	rel, err := uploadPath(a.Path, a.Name)
	if err != nil {
		return nil, err
	}
	volume := ""
	if a.Volume != nil {
		volume = *a.Volume
	}
	if err := c.checkVolume(&volume); err != nil {
		return nil, err
	}
	root, err := c.hub.workRoot(volume, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Lstat(rel)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, wrapError(err, "look at %s", rel)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("destination not a file: %s", rel)
	}
	result := map[string]any{"size": info.Size(), "mtime": koji.Seconds(info.ModTime())}
	if a.Verify == nil || *a.Verify == "" {
		return result, nil
	}
	sum, err := digest(*a.Verify)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(rel)
	if err != nil {
		return nil, wrapError(err, "open %s", rel)
	}
	defer f.Close()
	if a.Tail != nil && *a.Tail < 0 {
		return nil, refuse("Invalid tail value: %d", *a.Tail)
	}
	if a.Tail != nil && *a.Tail < info.Size() {
		if _, err := f.Seek(-*a.Tail, io.SeekEnd); err != nil {
			return nil, wrapError(err, "read %s", rel)
		}
	}
	n, err := io.Copy(sum, f)
	if err != nil {
		return nil, wrapError(err, "read %s", rel)
	}
	result["sumlength"], result["hexdigest"] = n, hex.EncodeToString(sum.Sum(nil))
	return result, nil
}
