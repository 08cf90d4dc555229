package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji/profiles"
)

// newProfileCommand is koji profile with what can be done with profiles.
func newProfileCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "profile list|show|add|check", Short: "The hubs this client knows, and how it gets on with them", GroupID: misc,
		Long: `A profile is a section of koji.conf, ~/.koji/config and their directories: where a
hub is and how to log in there. It is chosen by --profile, or by the program's
name: through a link koji-stg to koji, the profile is koji-stg.

  list   lists the profiles
  show   shows what holds in one
  add    writes a new one to ~/.koji/config.d
  check  tries one out: configuration, network, TLS, the hub's version, clocks,
         login and files, with advice where something is wrong`,
		Example: "koji profile add koji-stg --server https://koji.stg.example.org/kojihub --symlink\nkoji profile check koji-stg",
		Args:    arguments(0, 0),
		RunE:    func(*cobra.Command, []string) error { return usagef("say what to do: list, show, add or check") },
	}
	for _, sub := range []*cobra.Command{newProfileList(env), newProfileShow(env), newProfileAdd(env), newProfileCheck(env)} {
		sub.SilenceErrors, sub.SilenceUsage, sub.DisableFlagsInUseLine = true, true, true
		cmd.AddCommand(sub)
	}
	return cmd
}

// listedProfile is a profile in a list.
type listedProfile struct {
	Name   string `xmlrpc:"name"`
	Server string `xmlrpc:"server"`
	File   string `xmlrpc:"file"`
}

func newProfileList(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "list", Short: "List the profiles", Example: "koji profile list", Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			entries, err := profiles.List(profiles.Options{ConfigFile: env.globals.config})
			if err != nil {
				return err
			}
			rows := make([]listedProfile, len(entries))
			for i, e := range entries {
				rows[i] = listedProfile(e)
			}
			return list(env, rows, fmt.Sprintf("%-20s %-45s %s", "Profile", "Hub", "File"), func(p listedProfile) string {
				return fmt.Sprintf("%-20s %-45s %s", p.Name, p.Server, p.File)
			})
		},
	})
}

// named chooses the profile that a subcommand's argument names.
func (e *Env) named(args []string) {
	if len(args) > 0 {
		e.globals.profile = args[0]
	}
}

func newProfileShow(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "show [<profile>]", Short: "Show what holds in a profile", Example: "koji profile show koji-stg", Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			env.named(args)
			p, err := env.Profile()
			if err != nil {
				return err
			}
			settings := p.Settings()
			data := map[string]any{"name": p.Name, "files": p.Source}
			for _, s := range settings {
				data[s.Key] = s.Value
			}
			return env.show(data, func(w *bufio.Writer) {
				fmt.Fprintf(w, "[%s]\n", p.Name)
				for _, s := range settings {
					if !env.quiet() || s.Given {
						fmt.Fprintf(w, "%s%s = %s\n", unless(s.Given, "# "), s.Key, s.Value)
					}
				}
				if !env.quiet() {
					fmt.Fprintf(w, "# lines with # are defaults; read from %s\n", strings.Join(p.Source, ", "))
				}
			})
		},
	})
}

// unless is text if not holds is false.
func unless(holds bool, text string) string {
	if holds {
		return ""
	}
	return text
}

// profileAddOptions are those of koji profile add.
type profileAddOptions struct {
	env                            *Env
	server, weburl, topurl, topdir string
	authtype, cert, serverca       string
	principal, keytab, password    string
	keepSession, force             bool
	symlink                        string
}

const besideItself = "beside koji"

func newProfileAdd(env *Env) *cobra.Command {
	o := &profileAddOptions{env: env}
	cmd := &cobra.Command{
		Use: "add <name> --server URL [options]", Short: "Write a new profile to ~/.koji/config.d",
		Example: "koji profile add koji-stg --server https://koji.stg.example.org/kojihub --symlink", Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.server, "server", "", "the hub's `URL`, such as https://koji.example.org/kojihub")
	f.StringVar(&o.weburl, "weburl", "", "`URL` of the web pages (default: guessed from the hub's)")
	f.StringVar(&o.topurl, "topurl", "", "`URL` of the hub's files (default: guessed from the hub's)")
	f.StringVar(&o.topdir, "topdir", "", "where the hub's files are mounted")
	f.StringVar(&o.authtype, "authtype", "", "how to log in: noauth, ssl, password or kerberos")
	f.StringVar(&o.cert, "cert", "", "client certificate and key, a PEM `FILE`")
	f.StringVar(&o.serverca, "serverca", "", "PEM `FILE` with the authority of the hub's certificate")
	f.StringVar(&o.principal, "principal", "", "Kerberos `PRINCIPAL`, or the user of a password")
	f.StringVar(&o.keytab, "keytab", "", "Kerberos keytab `FILE`")
	f.StringVar(&o.password, "password-file", "", "`FILE` with the password")
	f.BoolVar(&o.keepSession, "keep-session", false, "keep the login from one command to the next")
	f.StringVar(&o.symlink, "symlink", "", "make a link of the profile's name to koji, in `DIR` if given")
	f.Lookup("symlink").NoOptDefVal = besideItself
	f.BoolVar(&o.force, "force", false, "replace a profile of that name")
	return cmd
}

func (o *profileAddOptions) run(name string) error {
	server := o.server
	if server == "" {
		server = o.env.globals.server
	}
	if server == "" {
		return usagef("--server is needed: the hub's URL")
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usagef("--server %s: want a URL such as https://koji.example.org/kojihub", server)
	}
	entries, err := profiles.List(profiles.Options{})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(entries, func(e profiles.Entry) bool { return e.Name == name })
	if at >= 0 && !o.force {
		return failf("The profile %s exists already, in %s. With --force it is replaced.", name, entries[at].File)
	}
	p := profiles.Default(name)
	p.Server = server
	if base, ok := strings.CutSuffix(strings.TrimRight(server, "/"), "/kojihub"); ok {
		p.WebURL, p.TopURL = base+"/koji", base+"/kojifiles"
	}
	for to, text := range map[*string]string{
		&p.WebURL: o.weburl, &p.TopURL: o.topurl, &p.TopDir: o.topdir, &p.AuthType: o.authtype, &p.Cert: o.cert,
		&p.ServerCA: o.serverca, &p.Principal: o.principal, &p.Keytab: o.keytab, &p.PasswordFile: o.password,
	} {
		if text != "" {
			*to = text
		}
	}
	p.KeepSession = o.keepSession
	file, err := profiles.UserFile("", name)
	if err != nil {
		return usagef("%v", err)
	}
	if err := profiles.Write(file, p); err != nil {
		return err
	}
	o.env.say("Wrote the profile %s to %s.", name, file)
	if o.symlink != "" {
		return o.link(name)
	}
	o.env.say("Try it out with: koji profile check %s", name)
	return nil
}

// link makes a program of the profile's name.
func (o *profileAddOptions) link(name string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	dir := o.symlink
	if dir == besideItself {
		dir = filepath.Dir(self)
	}
	path := filepath.Join(dir, name)
	if old, err := os.Readlink(path); err == nil && old == self {
		return nil
	}
	err = os.Symlink(self, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return failf("%s is there already, and is no link to %s.", path, self)
	case errors.Is(err, fs.ErrPermission):
		return failf("No link could be made in %s (%v): name a directory of your own, --symlink=~/bin", dir, err)
	case err != nil:
		return err
	}
	o.env.say("Made the link %s.\nTry it out with: %s profile check", path, name)
	return nil
}
