//go:build linux

package buildroot
func newHost(cfg Config) Driver { return nil }
