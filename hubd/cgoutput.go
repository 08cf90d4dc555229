package hubd

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"koji"
)

// takenOutput is an output's uploaded file; without one, only what was told of
// it is imported.
type takenOutput struct {
	file *upload
	rpm  *takenRPM // of an rpm
	kind koji.ChecksumType
}

// takeOutputs opens the uploads and compares them with what was told. The file
// of an output that is imported without it (metadata_only) needn't be there.
func (i *generatorImport) takeOutputs() error {
	for _, o := range i.outputs {
		t, err := i.takeOutput(o)
		if err != nil {
			return err
		}
		i.files = append(i.files, t)
	}
	return nil
}

func (i *generatorImport) takeOutput(o cgOutput) (t takenOutput, err error) {
	if o.btype != "" {
		if t.kind, err = koji.ParseChecksumType(o.checksumType); err != nil {
			return t, refuse("%s: %v", o.filename, err)
		}
	}
	if o.metadataOnly {
		return t, nil
	}
	rel := path.Join(i.dir, o.relpath, o.filename)
	if err := i.checkOwned(path.Dir(rel)); err != nil {
		return t, err
	}
	if o.kind == "rpm" {
		if t.rpm, err = i.in.takeRPM(rel, nil); err != nil {
			return t, err
		}
		t.rpm.fileinfo = o.told
		t.file = t.rpm.upload
	} else if t.file, err = i.in.take(rel, nil); err != nil {
		return t, err
	}
	return t, o.check(t.file)
}

// checkOwned refuses to import from the upload directory of another user: what
// was uploaded there is moved away. Outputs of tasks are no one's in particular.
func (i *generatorImport) checkOwned(dir string) error {
	if i.owned[dir] {
		return nil
	}
	mark, err := i.hub.workPath(path.Join(dir, "x"))
	if err != nil {
		return err
	}
	owner, err := i.in.tree.ReadFile(path.Join(i.hub.below(path.Dir(mark)), ".user"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return wrapError(err, "read mark of folder %s", dir)
	case strings.TrimSpace(string(owner)) != strconv.FormatInt(i.session.user, 10):
		admin, err := i.isAdmin()
		if err != nil {
			return err
		}
		if !admin {
			return refuse("Invalid upload directory, not owner: %s", dir)
		}
	}
	i.owned[dir] = true
	return nil
}

// check compares an upload with what was told of it.
func (o *cgOutput) check(u *upload) error {
	if u.info.Size() != o.size {
		return refuse("%s: the upload has %d bytes, the metadata says %d", o.filename, u.info.Size(), o.size)
	}
	sum, err := digest(o.checksumType)
	if err != nil {
		return err
	}
	if _, err := io.Copy(sum, u.content()); err != nil {
		return wrapError(err, "read %s", u.name)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.ToLower(o.checksum) {
		return refuse("%s: the upload has %s %s, the metadata says %s", o.filename, o.checksumType, got, o.checksum)
	}
	return nil
}

// storeOutputs stores the records of the outputs and gathers their files.
func (i *generatorImport) storeOutputs() error {
	archives, err := i.newArchiveImport(i.in, i.stored)
	if err != nil {
		return err
	}
	for n, o := range i.outputs {
		file, root := i.files[n], i.roots[o.buildroot]
		switch {
		case o.kind == "rpm":
			_, err = i.importRPM(i.in, i.stored, file.rpm, map[string]any{file.rpm.rel: root})
		case o.kind == "log" && file.file != nil:
			err = i.in.add(file.file, path.Join("data/logs", o.subdir, o.filename))
		case o.kind != "log":
			err = i.storeArchive(archives, o, file, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (i *generatorImport) storeArchive(into *archiveImport, o cgOutput, t takenOutput, root int64) error {
	a, err := into.take(newArchive{
		btype: o.btype, info: o.info, file: t.file, filename: o.filename, size: o.size, checksum: strings.ToLower(o.checksum), checksumType: t.kind,
		buildroot: &root, subdir: o.subdir, extra: o.told["extra"], fileinfo: o.told,
	})
	if err != nil {
		return err
	}
	if err := i.tx.AddArchiveRPMs(i, a.ID, o.found.rpms); err != nil {
		return err
	}
	return i.tx.AddArchiveComponents(i, a.ID, o.found.archives)
}
