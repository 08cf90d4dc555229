package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// docPages are the pages of docs/cli: one about koji itself with the list of
// commands, and one with the commands of each category.
func docPages(root *cobra.Command) (map[string][]byte, error) {
	var index bytes.Buffer
	if err := section(&index, root); err != nil {
		return nil, err
	}
	fmt.Fprintf(&index, "### Commands\n")
	files := map[string][]byte{}
	for _, group := range root.Groups() {
		var page bytes.Buffer
		file := group.ID + ".md"
		fmt.Fprintf(&index, "\n[%s](%s)\n\n| command | |\n|---|---|\n", group.ID, file)
		fmt.Fprintf(&page, "# Commands of the category %s\n\nThis page is made from the commands (`make manual`). What all of them share stands in\n[README.md](README.md).\n\n", group.ID)
		for _, cmd := range root.Commands() {
			if cmd.GroupID != group.ID || cmd.Hidden {
				continue
			}
			fmt.Fprintf(&index, "| [%s](%s#%s) | %s |\n", cmd.Name(), file, anchor(cmd), cmd.Short)
			for _, part := range append([]*cobra.Command{cmd}, cmd.Commands()...) {
				if err := section(&page, part); err != nil {
					return nil, err
				}
			}
		}
		files[file] = append(bytes.TrimRight(page.Bytes(), "\n"), '\n')
	}
	files["README.md"] = index.Bytes()
	return files, nil
}

// anchor is where a page has a command.
func anchor(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// section writes about one command, without the links to others, which its page
// and the index have.
func section(w *bytes.Buffer, cmd *cobra.Command) error {
	cmd.DisableAutoGenTag, cmd.DisableFlagsInUseLine = true, true
	var b bytes.Buffer
	if err := doc.GenMarkdownCustom(cmd, &b, func(link string) string { return link }); err != nil {
		return fmt.Errorf("write about %s: %w", cmd.CommandPath(), err)
	}
	text, _, _ := strings.Cut(b.String(), "### SEE ALSO")
	w.WriteString(text)
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(w, "Also called %s.\n\n", strings.Join(cmd.Aliases, ", "))
	}
	return nil
}

// manPages are koji.1 and a page for each command. They bear no date, so that
// the same commands give the same pages.
func manPages(root *cobra.Command) (map[string][]byte, error) {
	files := map[string][]byte{}
	var add func(cmd *cobra.Command) error
	add = func(cmd *cobra.Command) error {
		cmd.DisableAutoGenTag, cmd.DisableFlagsInUseLine = true, true
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		var page bytes.Buffer
		header := &doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Source: "koji", Manual: "Koji", Date: new(time.Time)}
		if err := doc.GenMan(cmd, header, &page); err != nil {
			return fmt.Errorf("write about %s: %w", cmd.CommandPath(), err)
		}
		files[name+".1"] = page.Bytes()
		for _, sub := range cmd.Commands() {
			if sub.Hidden {
				continue
			}
			if err := add(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return files, add(root)
}
