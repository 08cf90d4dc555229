// Command manual writes the client's manual from its commands: pages for docs/
// and for man.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koji/cli"
)

const usage = "usage: manual docs|man DIR"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New(usage)
	}
	root, err := cli.Tree()
	if err != nil {
		return err
	}
	var files map[string][]byte
	switch args[0] {
	case "docs":
		files, err = docPages(root)
	case "man":
		files, err = manPages(root)
	default:
		return errors.New(usage)
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(args[1], 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(args[1], name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
