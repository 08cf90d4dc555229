// Package koji is the language of the build system and the client of its hubs.
//
// The nouns (Task, Build, Tag, RPM, Repo, Host, User …) are the structs that
// travel: a hub encodes them, a client decodes them, and their xmlrpc tags are
// Koji's own keys. Error is a fault, the same on both sides. Session is a
// client's connection with a hub.
//
// The package imports nothing of the rest of the house but internal/xmlrpc.
package koji
