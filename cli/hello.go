package cli

import (
	"context"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"koji"
)

// greetings are the words of moshimoshi, and its other names.
var greetings = []string{
	"hello", "hi", "yo", "hey", "howdy", "hallo", "ciao", "hola", "bonjour", "salut", "hej", "hei", "ola", "ahoj",
	"czesc", "szia", "merhaba", "namaste", "konnichiwa", "aloha", "salaam", "sveiki", "zdravstvuyte", "nihao", "annyeong",
}

// newMoshimoshiCommand is koji moshimoshi, or hello.
func newMoshimoshiCommand(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "moshimoshi [options]", Short: "Greet the hub and tell who you are", GroupID: misc,
		Aliases: greetings, Example: "koji moshimoshi\nkoji hello", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return greet(cmd.Context(), env) },
	})
}

func greet(ctx context.Context, env *Env) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	var user *koji.LoggedInUser
	var version string
	m := s.Multicall()
	m.Add(&user, "getLoggedInUser")
	hub := m.Add(&version, "getKojiVersion")
	if err := m.Run(ctx); err != nil && (m.Err(hub) == nil || m.Err(0) != nil) {
		return err
	}
	if env.asData() {
		return env.printData(user)
	}
	name := "anonymous user"
	if user != nil {
		name = user.Name
	}
	if version == "" {
		version = "older than 1.23"
	}
	env.printf("%s, %s!\n", greetings[rand.IntN(len(greetings))], name)
	env.printf("You are using the hub at %s (Koji %s)", env.profile.Server, version)
	if user == nil {
		return nil
	}
	switch user.AuthType {
	case koji.AuthSSL:
		env.printf("Authenticated via client certificate %s", env.profile.Cert)
	case koji.AuthGSSAPI, koji.AuthKerberos:
		env.printf("Authenticated via GSSAPI")
	default:
		env.printf("Authenticated via password")
	}
	return nil
}

// newVersionCommand is koji version.
func newVersionCommand(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "version", Short: "Tell the versions of client and hub", GroupID: misc, Example: "koji version",
		RunE: func(cmd *cobra.Command, _ []string) error { return tellVersions(cmd.Context(), env) },
	})
}

func tellVersions(ctx context.Context, env *Env) error {
	if !env.asData() {
		env.printf("Client: %s", Version) // also if there is no hub
	}
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	var version string
	if err := s.Call(ctx, "getKojiVersion", &version); err != nil {
		if !koji.HasCode(err, koji.CodeGeneric) {
			return err
		}
		version = "older than 1.23"
	}
	if env.asData() {
		return env.printData(map[string]any{"client": Version, "hub": version})
	}
	env.printf("Hub:    %s", version)
	return nil
}
