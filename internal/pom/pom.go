// Package pom reads of a Maven project description (POM) which artifact it is of.
package pom

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Project is what names an artifact. What the file leaves out is its parent's.
type Project struct{ GroupID, ArtifactID, Version string }

// Limits of a file: real ones have some hundred KB and are a few elements deep.
const (
	maxSize  = 8 << 20
	maxDepth = 100
	maxText  = 4096
)

// Read reads a POM. It is an error if it is no XML, has no project at its top, or doesn't say which artifact it is of.
func Read(r io.Reader) (Project, error) {
	limited := &io.LimitedReader{R: r, N: maxSize + 1}
	d := xml.NewDecoder(limited)
	d.CharsetReader = charset
	own, parent := Project{}, Project{}
	var way []string
	var text strings.Builder
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return own.inherit(parent)
		case limited.N <= 0:
			return Project{}, fmt.Errorf("longer than %d bytes", maxSize)
		case err != nil:
			return Project{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(way) == 0 && t.Name.Local != "project" {
				return Project{}, fmt.Errorf("begins with <%.40s>, not <project>", t.Name.Local)
			}
			if len(way) == maxDepth {
				return Project{}, fmt.Errorf("elements are more than %d deep", maxDepth)
			}
			way = append(way, t.Name.Local)
			text.Reset()
		case xml.CharData:
			if text.Len()+len(t) <= maxText {
				text.Write(t)
			}
		case xml.EndElement:
			if len(way) == 2 {
				own.set(way[1], &text)
			}
			if len(way) == 3 && way[1] == "parent" {
				parent.set(way[2], &text)
			}
			way = way[:len(way)-1]
			text.Reset()
		}
	}
}

func (p *Project) set(name string, text *strings.Builder) {
	for key, into := range map[string]*string{"groupId": &p.GroupID, "artifactId": &p.ArtifactID, "version": &p.Version} {
		if key == name && *into == "" {
			*into = strings.TrimSpace(text.String())
		}
	}
}

func (p Project) inherit(parent Project) (Project, error) {
	if p.GroupID == "" {
		p.GroupID = parent.GroupID
	}
	if p.Version == "" {
		p.Version = parent.Version
	}
	switch {
	case p.GroupID == "":
		return p, errors.New("no groupId")
	case p.ArtifactID == "":
		return p, errors.New("no artifactId")
	case p.Version == "":
		return p, errors.New("no version")
	}
	return p, nil
}

// charset reads the encodings in which POMs come beside UTF-8.
func charset(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252":
		return &latin1{r: r}, nil
	}
	return nil, fmt.Errorf("encoding %.40q is none that is known", name)
}

// latin1 turns bytes into UTF-8. What windows-1252 has beyond that stands in no
// name of an artifact.
type latin1 struct {
	r    io.Reader
	rest []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(l.rest) == 0 {
		raw := make([]byte, max(1, len(p)/2))
		n, err := l.r.Read(raw)
		if n == 0 {
			return 0, err
		}
		for _, b := range raw[:n] {
			l.rest = append(l.rest, string(rune(b))...)
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
