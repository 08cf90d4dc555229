// Package cli is the koji command: the scriptable client. Its commands,
// options, columns and exit codes are those of Koji's client, so that scripts
// go on working (Koji: reference/cli.md).
//
// A command is an options struct, a constructor that declares its flags, and a
// run function; commands.go lists them. Env is what they share: the streams,
// the profile, the session with the hub, and the ways to print.
package cli
