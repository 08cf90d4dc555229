package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"koji/profiles"
)

// globals are the options that stand before the command.
// Koji: reference/cli.md, Global options.
type globals struct {
	flags *pflag.FlagSet

	profile, config              string
	keytab, principal            string
	cert, runas                  string
	user, password               string
	noauth, forceAuth            bool
	authtype                     string
	debug, debugXMLRPC           bool
	quiet, json, utc             bool
	format                       formatOption
	skipMain, helpCommands, help bool
	server, topdir, weburl       string
	topurl, pkgurl, pluginPaths  string

	inherited bool // the profile is that of the koji which runs this one
}

func (g *globals) define() {
	f := pflag.NewFlagSet("koji", pflag.ContinueOnError)
	f.SetInterspersed(false)
	f.SetOutput(io.Discard)
	f.SortFlags = false
	f.StringVarP(&g.config, "config", "c", "", "read `FILE` instead of the user's own configuration files")
	f.StringVarP(&g.profile, "profile", "p", "", "use the configuration of this `PROFILE` (default: the program's name)")
	f.StringVar(&g.keytab, "keytab", "", "Kerberos keytab `FILE`")
	f.StringVar(&g.principal, "principal", "", "Kerberos `PRINCIPAL`, or with a password the user")
	f.StringVar(&g.cert, "cert", "", "client certificate and key, a PEM `FILE`")
	f.StringVar(&g.runas, "runas", "", "act as this `USER` (needs a trusted certificate)")
	f.StringVar(&g.user, "user", "", "log in by password as this `USER`")
	f.StringVar(&g.password, "password", "", "the `PASSWORD`; asked for on a terminal if missing")
	f.BoolVar(&g.noauth, "noauth", false, "don't log in")
	f.BoolVar(&g.forceAuth, "force-auth", false, "log in also where there is no need")
	f.StringVar(&g.authtype, "authtype", "", "how to log in, a `WAY`: noauth, ssl, password or kerberos")
	f.BoolVarP(&g.debug, "debug", "d", false, "tell every call to the hub")
	f.BoolVar(&g.debugXMLRPC, "debug-xmlrpc", false, "the same as --debug")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "no headers and no prose")
	f.BoolVar(&g.json, "json", false, "print what lists and shows as JSON")
	f.Var(&g.format, "format", "print it by a Go `TEMPLATE`, such as '{{.id}} {{.name}}'")
	f.BoolVar(&g.utc, "utc", false, "print times in UTC instead of the local zone")
	f.BoolVar(&g.skipMain, "skip-main", false, "do nothing")
	f.StringVarP(&g.server, "server", "s", "", "the hub's `URL`")
	f.StringVar(&g.topdir, "topdir", "", "`DIR` where the hub's files are mounted")
	f.StringVar(&g.weburl, "weburl", "", "`URL` of the web pages")
	f.StringVar(&g.topurl, "topurl", "", "`URL` of the hub's files")
	f.StringVar(&g.pkgurl, "pkgurl", "", "obsolete")
	f.StringVar(&g.pluginPaths, "plugin-paths", "", "look for external commands in these `DIRS` first, colons between them")
	f.BoolVar(&g.helpCommands, "help-commands", false, "list the commands")
	f.BoolVarP(&g.help, "help", "h", false, "show this help")
	for _, name := range []string{"skip-main", "pkgurl", "debug-xmlrpc"} {
		f.Lookup(name).Hidden = true
	}
	g.flags = f
}

// parse reads the global options and gives what follows them.
func (g *globals) parse(args []string) ([]string, error) {
	g.define()
	if err := g.flags.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return nil, usagef("%v", err)
	}
	return g.flags.Args(), nil
}

// load reads the profile and lets the command line win over it.
func (g *globals) load(argv0 string) (*profiles.Profile, error) {
	g.inherit(argv0)
	p, err := profiles.Load(profiles.Options{Argv0: argv0, Profile: g.profile, ConfigFile: g.config})
	if err != nil {
		var none *profiles.NoProfileError
		if errors.As(err, &none) {
			return nil, err
		}
		return nil, usagef("%v", err)
	}
	if g.inherited {
		for name, to := range map[string]*string{envServer: &p.Server, envWebURL: &p.WebURL, envTopURL: &p.TopURL, envTopDir: &p.TopDir} {
			if value, ok := os.LookupEnv(name); ok {
				*to = value
			}
		}
	}
	for flag, to := range map[string]*string{
		"server": &p.Server, "topdir": &p.TopDir, "weburl": &p.WebURL, "topurl": &p.TopURL,
		"cert": &p.Cert, "principal": &p.Principal, "keytab": &p.Keytab, "authtype": &p.AuthType,
	} {
		if g.flags.Changed(flag) {
			*to = g.flags.Lookup(flag).Value.String()
		}
	}
	if g.noauth {
		p.AuthType = "noauth"
	}
	p.ForceAuth = p.ForceAuth || g.forceAuth
	p.Debug = p.Debug || g.debug || g.debugXMLRPC
	return p, nil
}

// printUsage is koji --help.
func (e *Env) printUsage() {
	fmt.Fprint(e.Out, "Usage: koji [global-options] command [command-options-and-arguments]\n\nGlobal options:\n")
	fmt.Fprint(e.Out, e.globals.flags.FlagUsages())
	fmt.Fprint(e.Out, "\n", hints)
}
