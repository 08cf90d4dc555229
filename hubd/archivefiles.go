package hubd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"

	"koji"
	"koji/internal/archivefile"
	"koji/sqlstore"
)

type listArchiveFilesArgs struct {
	ID        int64 `rpc:"archive_id"`
	QueryOpts any   `rpc:"queryOpts=nil"`
	Strict    bool  `rpc:"strict=false"`
}

func listArchiveFiles(c *call, a listArchiveFilesArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	files, err := c.archiveFiles(a.ID, a.Strict)
	if err != nil {
		return nil, err
	}
	if !opts.CountOnly && opts.Order == "" && !opts.AsList {
		return each(page(files, opts)), nil
	}
	var all []koji.ArchiveFile
	for f, err := range files {
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return arrange(opts, append([]koji.ArchiveFile{}, all...), archiveFileKey, archiveFileRow)
}

// page are the items that queryOpts' offset and limit leave of a stream.
func page[T any](seq iter.Seq2[T, error], opts sqlstore.QueryOpts) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var n int64
		for v, err := range seq {
			if err != nil {
				yield(v, err)
				return
			}
			n++
			from := n - 1
			if opts.Offset != nil {
				from -= *opts.Offset
			}
			if from < 0 {
				continue
			}
			if opts.Limit != nil && from >= *opts.Limit || !yield(v, nil) {
				return
			}
		}
	}
}

func archiveFileKey(f koji.ArchiveFile, name string) (any, bool) {
	switch name {
	case "archive_id":
		return f.ArchiveID, true
	case "name":
		return f.Name, true
	case "size":
		return f.Size, true
	case "mtime":
		return f.MTime, true
	case "mode":
		return deref(f.Mode), true
	case "user":
		return deref(f.User), true
	case "group":
		return deref(f.Group), true
	}
	return nil, false
}

// archiveFileRow are a file's members in the order of their names.
func archiveFileRow(f koji.ArchiveFile) []any {
	if f.Mode == nil {
		return []any{f.ArchiveID, f.MTime, f.Name, f.Size}
	}
	return []any{f.ArchiveID, *f.Group, *f.Mode, f.MTime, f.Name, f.Size, *f.User}
}

type getArchiveFileArgs struct {
	ID       int64  `rpc:"archive_id"`
	Filename string `rpc:"filename"`
	Strict   bool   `rpc:"strict=false"`
}

func getArchiveFile(c *call, a getArchiveFileArgs) (any, error) {
	files, err := c.archiveFiles(a.ID, a.Strict)
	if err != nil {
		return nil, err
	}
	for f, err := range files {
		if err != nil {
			return nil, err
		}
		if f.Name == a.Filename {
			return f, nil
		}
	}
	if a.Strict {
		return nil, refuse("No such file: %s in archive %d", a.Filename, a.ID)
	}
	return nil, nil
}

// archiveFiles lists what is in an archive of a build, which must be there.
// Where its file isn't kept, or is of a kind that holds no others, that is
// nothing; strict refuses the latter.
func (c *call) archiveFiles(id int64, strict bool) (iter.Seq2[koji.ArchiveFile, error], error) {
	archive, err := c.tx.Archive(c, id)
	if err != nil {
		return nil, err
	}
	if archive == nil {
		return nil, noSuchArchive("", id)
	}
	lister := map[string]func(context.Context, io.ReaderAt, int64) iter.Seq2[archivefile.Entry, error]{
		"zip": archivefile.Zip, "tar": archivefile.Tar,
	}[deref(archive.CompressionType)]
	if lister == nil {
		if strict {
			return nil, refuse("archive %d is of type %s, of which no files are listed", id, archive.TypeName)
		}
		return func(func(koji.ArchiveFile, error) bool) {}, nil
	}
	rel, err := c.archivePath(archive)
	if err != nil {
		return nil, err
	}
	return func(yield func(koji.ArchiveFile, error) bool) {
		file, size, err := c.hub.openStored(rel)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(koji.ArchiveFile{}, err)
			return
		}
		defer file.Close()
		for e, err := range lister(c, file, size) {
			f := koji.ArchiveFile{ArchiveID: id, Name: e.Name, Size: e.Size, MTime: e.MTime}
			if deref(archive.CompressionType) == "tar" {
				f.Mode, f.User, f.Group = &e.Mode, &e.User, &e.Group
			}
			if errors.Is(err, archivefile.ErrFormat) || errors.Is(err, archivefile.ErrLimit) {
				err = refuse("%s: %v", archive.Filename, err)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}, nil
}

// archivePath is where an archive's file lies, below the topdir.
func (c *call) archivePath(a *koji.Archive) (string, error) {
	b, err := c.tx.Build(c, a.BuildID)
	if err != nil {
		return "", err
	}
	folder, err := archiveFolder(a, "")
	if err != nil {
		return "", err
	}
	return path.Join(c.hub.below(c.hub.paths.Build(b.VolumeName, b.Name, b.Version, b.Release)), folder, a.Filename), nil
}
