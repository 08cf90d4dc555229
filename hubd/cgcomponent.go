package hubd

import (
	"fmt"

	"koji"
	"koji/sqlstore"
)

// foundComponents are components as the hub knows them.
type foundComponents struct{ rpms, archives []int64 }

// findComponents finds what the buildroots and archives had in them. An rpm or
// file that the hub doesn't know came from elsewhere: the log tells of it.
// Drafts may go away, so that nothing is made of them.
func (i *generatorImport) findComponents() error {
	var all []*cgComponent
	for n := range i.buildroots {
		for m := range i.buildroots[n].components {
			all = append(all, &i.buildroots[n].components[m])
		}
	}
	for n := range i.outputs {
		for m := range i.outputs[n].components {
			all = append(all, &i.outputs[n].components[m])
		}
	}
	f, err := i.lookUpComponents(all)
	if err != nil {
		return err
	}
	for n := range i.buildroots {
		b := &i.buildroots[n]
		if b.found, err = f.match(b.components, fmt.Sprintf("buildroot %v", b.id)); err != nil {
			return err
		}
	}
	for n := range i.outputs {
		o := &i.outputs[n]
		if o.found, err = f.match(o.components, o.filename); err != nil {
			return err
		}
	}
	i.log = f.unknown
	return nil
}

// componentFinder matches components with what one look at the database found.
type componentFinder struct {
	rpms    map[koji.NVRA][]koji.RPM
	files   map[string][]sqlstore.ArchiveComponent // by name and checksum
	ids     map[int64]sqlstore.ArchiveComponent
	unknown []string // lines that tell of components from elsewhere
}

func (c *call) lookUpComponents(all []*cgComponent) (*componentFinder, error) {
	f := &componentFinder{map[koji.NVRA][]koji.RPM{}, map[string][]sqlstore.ArchiveComponent{}, map[int64]sqlstore.ArchiveComponent{}, nil}
	rpms, files, ids := map[koji.NVRA]bool{}, map[sqlstore.FileIdentity]bool{}, map[int64]bool{}
	for _, p := range all {
		switch p.kind {
		case "rpm":
			rpms[p.rpm] = true
		case "file":
			files[p.file] = true
		case "kojifile":
			if sqlstore.FitsID(p.archive) {
				ids[p.archive] = true
			}
		}
	}
	found, err := c.tx.RPMComponents(c, keys(rpms))
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		n := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
		f.rpms[n] = append(f.rpms[n], r)
	}
	archives, err := c.tx.FileComponents(c, keys(files))
	if err != nil {
		return nil, err
	}
	for _, a := range archives {
		f.files[a.Filename+"\x00"+a.Checksum] = append(f.files[a.Filename+"\x00"+a.Checksum], a)
	}
	if archives, err = c.tx.ArchiveComponents(c, keys(ids)); err != nil {
		return nil, err
	}
	for _, a := range archives {
		f.ids[a.ID] = a
	}
	return f, nil
}

func (f *componentFinder) match(all []cgComponent, of string) (found foundComponents, err error) {
	for _, p := range all {
		switch p.kind {
		case "rpm":
			r := f.rpm(p)
			switch {
			case r == nil:
				f.unknown = append(f.unknown, fmt.Sprintf("%s: no rpm %s with sigmd5 %s is known", of, p.rpm, p.sigmd5))
			case r.Draft != nil && *r.Draft:
				return found, refuse("%s: %s is a draft's rpm, which can't be a component", of, p.rpm)
			default:
				found.rpms = append(found.rpms, r.ID)
			}
			continue
		case "kojifile":
			a, there := f.ids[p.archive]
			if !there {
				return found, refuse("%s: No such archive: %d", of, p.archive)
			}
			if err := p.checkArchive(a); err != nil {
				return found, refuse("%s: %v", of, err)
			}
			if a.Draft {
				return found, refuse("%s: %s of %s is a draft's file, which can't be a component", of, a.Filename, a.NVR)
			}
			found.archives = append(found.archives, a.ID)
			continue
		}
		a := f.file(p)
		switch {
		case a == nil:
			f.unknown = append(f.unknown, fmt.Sprintf("%s: no archive %s of %d bytes with %s %s is known", of, p.file.Filename, p.file.Size,
				p.file.ChecksumType, p.file.Checksum))
		case a.Draft:
			return found, refuse("%s: %s of %s is a draft's file, which can't be a component", of, a.Filename, a.NVR)
		default:
			found.archives = append(found.archives, a.ID)
		}
	}
	return found, nil
}

func (f *componentFinder) rpm(p cgComponent) *koji.RPM {
	for _, r := range f.rpms[p.rpm] {
		if r.PayloadHash == p.sigmd5 {
			return &r
		}
	}
	return nil
}

func (f *componentFinder) file(p cgComponent) *sqlstore.ArchiveComponent {
	for _, a := range f.files[p.file.Filename+"\x00"+p.file.Checksum] {
		if a.FileIdentity == p.file {
			return &a
		}
	}
	return nil
}

// checkArchive compares what is told of a kojifile with the archive that it is.
func (p *cgComponent) checkArchive(a sqlstore.ArchiveComponent) error {
	switch {
	case p.nvr != a.NVR:
		return refuse("archive %d is of build %s, not %s", a.ID, a.NVR, p.nvr)
	case p.file.Filename != a.Filename:
		return refuse("archive %d is %s, not %s", a.ID, a.Filename, p.file.Filename)
	case p.sized && p.file.Size != a.Size:
		return refuse("archive %d, %s, has %d bytes, not %d", a.ID, a.Filename, a.Size, p.file.Size)
	case p.summed && p.file.ChecksumType == a.ChecksumType && p.file.Checksum != a.Checksum:
		return refuse("archive %d, %s, has %s %s, not %s", a.ID, a.Filename, a.ChecksumType, a.Checksum, p.file.Checksum)
	}
	return nil
}

func keys[K comparable](m map[K]bool) []K {
	all := make([]K, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	return all
}
