package comps

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"koji"
)

// element is a text with the language it is in, none for the plain one.
type element struct {
	Lang string `xml:"lang,attr"`
	Text string `xml:",chardata"`
}

// plain is the text that is in no language.
func plain(texts []element) string {
	for _, t := range texts {
		if t.Lang == "" {
			return strings.TrimSpace(t.Text)
		}
	}
	return ""
}

type group struct {
	ID          string    `xml:"id"`
	Name        []element `xml:"name"`
	Description []element `xml:"description"`
	Default     string    `xml:"default"`
	UserVisible string    `xml:"uservisible"`
	BiarchOnly  string    `xml:"biarchonly"`
	LangOnly    string    `xml:"langonly"`
	Packages    []struct {
		Name         string `xml:",chardata"`
		Type         string `xml:"type,attr"`
		Requires     string `xml:"requires,attr"`
		BaseArchOnly string `xml:"basearchonly,attr"`
	} `xml:"packagelist>packagereq"`
	Groups []struct {
		Name string `xml:",chardata"`
		Type string `xml:"type,attr"`
	} `xml:"grouplist>groupreq"`
}

// Read reads the groups of a comps.xml: what XML writes, and what distributions
// have. Names and descriptions in languages are left out. It is an error if it
// is no XML, has no comps at its top, or a group or an entry without a name.
func Read(r io.Reader) ([]koji.Group, error) {
	var doc struct {
		XMLName xml.Name `xml:"comps"`
		Groups  []group  `xml:"group"`
	}
	d := xml.NewDecoder(r)
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read comps: %w", err)
	}
	groups := make([]koji.Group, len(doc.Groups))
	for i, g := range doc.Groups {
		var err error
		if groups[i], err = g.read(); err != nil {
			return nil, fmt.Errorf("read comps: group %d: %w", i+1, err)
		}
	}
	return groups, nil
}

func (g *group) read() (koji.Group, error) {
	out := koji.Group{Name: strings.TrimSpace(g.ID), DisplayName: plain(g.Name)}
	if out.Name == "" {
		return out, errors.New("no id")
	}
	if out.DisplayName == "" {
		out.DisplayName = out.Name
	}
	if text := plain(g.Description); text != "" {
		out.Description = &text
	}
	if text := strings.TrimSpace(g.LangOnly); text != "" {
		out.LangOnly = &text
	}
	out.IsDefault, out.UserVisible, out.BiarchOnly = truth(g.Default), truth(g.UserVisible), truth(g.BiarchOnly)
	for _, p := range g.Packages {
		entry := koji.GroupPackage{Package: strings.TrimSpace(p.Name), Type: p.Type, BaseArchOnly: truth(p.BaseArchOnly)}
		if entry.Package == "" {
			return out, fmt.Errorf("%s: a package without a name", out.Name)
		}
		if entry.Type == "" {
			entry.Type = "mandatory"
		}
		if requires := p.Requires; requires != "" {
			entry.Requires = &requires
		}
		out.Packages = append(out.Packages, entry)
	}
	for _, r := range g.Groups {
		req := koji.GroupReq{Name: strings.TrimSpace(r.Name)}
		if req.Name == "" {
			return out, fmt.Errorf("%s: a required group without a name", out.Name)
		}
		if kind := r.Type; kind != "" {
			req.Type = &kind
		}
		out.Groups = append(out.Groups, req)
	}
	return out, nil
}

// truth is a boolean as comps.xml has it, nil if nothing is said.
func truth(text string) *bool {
	if text = strings.ToLower(strings.TrimSpace(text)); text == "" {
		return nil
	}
	yes := text == "true" || text == "1" || text == "yes"
	return &yes
}
