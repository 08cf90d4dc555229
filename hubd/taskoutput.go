package hubd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"koji"
	"koji/sqlstore"
)

func taskOutputMethods() []method {
	return []method{
		reads("listTaskOutput", anyone, "Files in the task work directory; stat and all_volumes change the shape.", listTaskOutput),
		reads("downloadTaskOutput", anyone, "Base64 text of (part of) a task output file.", downloadTaskOutput),
	}
}

// wrapError says what was being done when err happened.
func wrapError(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

type listOutputArgs struct {
	TaskID     any  `rpc:"taskID"`
	Stat       bool `rpc:"stat=false"`
	AllVolumes bool `rpc:"all_volumes=false"`
	Strict     bool `rpc:"strict=false"`
}

// fileStat is what listTaskOutput tells of a file; sizes may pass 32 bits and travel as text.
type fileStat struct {
	Size  string  `xmlrpc:"st_size"`
	ATime float64 `xmlrpc:"st_atime"`
	MTime float64 `xmlrpc:"st_mtime"`
	CTime float64 `xmlrpc:"st_ctime"`
}

func listTaskOutput(c *call, a listOutputArgs) (any, error) {
	id, err := intArg("taskID", a.TaskID)
	if err != nil {
		return nil, err
	}
	if a.Strict {
		if _, err := c.findTask(id); err != nil {
			return nil, err
		}
	}
	volumes := []string{"DEFAULT"}
	if a.AllVolumes {
		if volumes, err = c.volumeNames(); err != nil {
			return nil, err
		}
	}
	names := []string{}
	stats, on, statsOn := map[string]fileStat{}, map[string][]string{}, map[string]map[string]fileStat{}
	for _, volume := range volumes {
		err := c.hub.walkOutput(volume, id, func(name string, info fs.FileInfo) {
			names = append(names, name)
			stats[name] = statOf(info)
			on[name] = append(on[name], volume)
			if statsOn[name] == nil {
				statsOn[name] = map[string]fileStat{}
			}
			statsOn[name][volume] = statOf(info)
		})
		if err != nil {
			return nil, err
		}
	}
	switch {
	case a.AllVolumes && a.Stat:
		return statsOn, nil
	case a.AllVolumes:
		return on, nil
	case a.Stat:
		return stats, nil
	}
	sort.Strings(names)
	return names, nil
}

func statOf(info fs.FileInfo) fileStat {
	s := fileStat{Size: strconv.FormatInt(info.Size(), 10), MTime: koji.Seconds(info.ModTime())}
	s.ATime, s.CTime = s.MTime, s.MTime
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.ATime = float64(sys.Atim.Sec) + float64(sys.Atim.Nsec)/1e9
		s.CTime = float64(sys.Ctim.Sec) + float64(sys.Ctim.Nsec)/1e9
	}
	return s
}

// walkOutput visits the files of a task's output, by their paths below its folder.
func (h *Hub) walkOutput(volume string, id int64, visit func(string, fs.FileInfo)) error {
	root, err := os.OpenRoot(h.paths.Task(volume, id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrapError(err, "open output of task %d", id)
	}
	defer root.Close()
	top, err := h.openTree()
	if err != nil {
		return err
	}
	defer top.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return wrapError(err, "list output of task %d", id)
		}
		if d.IsDir() {
			return nil
		}
		info, err := root.Lstat(name)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			// A file that was imported is a link to where it is now.
			info, err = top.Stat(h.below(path.Join(root.Name(), name)))
		}
		if notThere(err) {
			return nil
		}
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		visit(name, info)
		return nil
	})
}

// notThere says whether a path of a tree leads to nothing, or out of the tree.
func notThere(err error) bool {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENAMETOOLONG) {
		return true
	}
	var e *fs.PathError
	var number syscall.Errno
	return errors.As(err, &e) && !errors.As(e.Err, &number) // os.Root's own refusal
}

type downloadOutputArgs struct {
	TaskID   any     `rpc:"taskID"`
	FileName string  `rpc:"fileName"`
	Offset   any     `rpc:"offset=0"`
	Size     any     `rpc:"size=-1"`
	Volume   *string `rpc:"volume=nil"`
}

// downloadLimit is how much of a file one answer carries at most.
const downloadLimit = 64 << 20

func downloadTaskOutput(c *call, a downloadOutputArgs) (any, error) {
	id, err := intArg("taskID", a.TaskID)
	if err != nil {
		return nil, err
	}
	offset, err := intArg("offset", a.Offset)
	if err != nil {
		return nil, err
	}
	size, err := intArg("size", a.Size)
	if err != nil {
		return nil, err
	}
	if strings.Contains(a.FileName, "..") || path.IsAbs(a.FileName) || badText(a.FileName) || a.FileName == "" {
		return nil, refuse("Invalid file name: %s", a.FileName)
	}
	volume := ""
	if a.Volume != nil {
		volume = *a.Volume
	}
	if err := c.checkVolume(&volume); err != nil {
		return nil, err
	}
	// Through the whole tree: what was imported is a link into packages/.
	root, err := os.OpenRoot(c.hub.cfg.KojiDir)
	if err != nil {
		return nil, wrapError(err, "open file tree")
	}
	defer root.Close()
	rel := strings.TrimPrefix(path.Join(c.hub.paths.Task(volume, id), a.FileName), path.Clean(c.hub.cfg.KojiDir)+"/")
	f, err := root.Open(rel)
	if notThere(err) {
		return nil, refuse("no file %q output by task %d", a.FileName, id)
	}
	if err != nil {
		return nil, wrapError(err, "open %s", rel)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, refuse("no file %q output by task %d", a.FileName, id)
	}
	if offset < 0 {
		offset = max(info.Size()+offset, 0)
	}
	left := max(info.Size()-offset, 0)
	if size < 0 || size > left {
		size = left
	}
	if size > downloadLimit {
		return nil, refuse("file %q is too large for one answer; ask for pieces of %d bytes at most", a.FileName, downloadLimit)
	}
	data := make([]byte, size)
	n, err := f.ReadAt(data, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, wrapError(err, "read %s", rel)
	}
	return base64.StdEncoding.EncodeToString(data[:n]), nil
}

// volumeNames are all storage volumes, DEFAULT first.
func (c *call) volumeNames() ([]string, error) {
	volumes, err := c.tx.Names(c, sqlstore.VolumeNames)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(volumes))
	for i, v := range volumes {
		names[i] = v.Name
	}
	return names, nil
}
