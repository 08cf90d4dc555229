package hubd

import (
	"net/url"
	"regexp"
	"time"

	"koji/internal/pylit"
)

type showOptsArgs struct {
	AsString bool `rpc:"as_string=true"`
}

// showOpts answers the hub's options, as a text for people or as a struct.
func showOpts(c *call, a showOptsArgs) (any, error) {
	opts := c.hub.cfg.options()
	if a.AsString {
		return pylit.Format(opts), nil
	}
	return opts, nil
}

// options are what a hub was configured with, by the keys and in the units of
// hub.conf, without the database's password.
func (c *Config) options() map[string]any {
	in := func(unit time.Duration, d time.Duration) int64 { return int64(d / unit) }
	pattern := func(re *regexp.Regexp) any {
		if re == nil {
			return nil
		}
		return re.String()
	}
	words := func(list []string) []any {
		all := []any{}
		for _, w := range list {
			all = append(all, w)
		}
		return all
	}
	return map[string]any{
		"Database":              withoutPassword(c.Database),
		"Listen":                c.Listen,
		"KojiDir":               c.KojiDir,
		"KojiWebURL":            c.KojiWebURL,
		"EmailDomain":           c.EmailDomain,
		"NotifyOnSuccess":       c.NotifyOnSuccess,
		"DisableNotifications":  c.DisableNotifications,
		"CheckClientIP":         c.CheckClientIP,
		"DisableURLSessions":    c.DisableURLSessions,
		"LoginCreatesUser":      c.LoginCreatesUser,
		"SessionRenewalTimeout": in(time.Minute, c.SessionRenewalTimeout),
		"HostPrincipalFormat":   c.HostPrincipalFormat,
		"MaxRequestLength":      c.MaxRequestLength,
		"MaxNameLengthInternal": c.MaxNameLengthInternal,
		"RegexNameInternal":     pattern(c.RegexNameInternal),
		"RegexUserName":         pattern(c.RegexUserName),
		"LogLevel":              c.LogLevel,
		"VerbosePolicy":         c.VerbosePolicy,
		"MissingPolicyOk":       c.MissingPolicyOk,
		"LockOut":               c.LockOut,
		"ServerOffline":         c.ServerOffline,
		"OfflineMessage":        c.OfflineMessage,
		"EnableMaven":           c.EnableMaven,
		"EnableWin":             c.EnableWin,
		"Plugins":               words(c.Plugins),
		"MaxJobs":               c.MaxJobs,
		"CapacityOvercommit":    c.CapacityOvercommit,
		"ReadyTimeout":          in(time.Second, c.ReadyTimeout),
		"AssignTimeout":         in(time.Second, c.AssignTimeout),
		"SoftRefusalTimeout":    in(time.Second, c.SoftRefusalTimeout),
		"HostTimeout":           in(time.Second, c.HostTimeout),
		"RunInterval":           in(time.Second, c.RunInterval),
		"MaxRepoTasks":          c.MaxRepoTasks,
		"MaxRepoTasksMaven":     c.MaxRepoTasksMaven,
		"RepoRetries":           c.RepoRetries,
		"RequestCleanTime":      in(time.Minute, c.RequestCleanTime),
		"AllowNewRepo":          c.AllowNewRepo,
		"RepoLag":               in(time.Second, c.RepoLag),
		"RepoAutoLag":           in(time.Second, c.RepoAutoLag),
		"RepoLagWindow":         in(time.Second, c.RepoLagWindow),
		"RepoQueueUser":         c.RepoQueueUser,
		"DebuginfoTags":         words(c.DebuginfoTags),
		"SourceTags":            words(c.SourceTags),
		"SeparateSourceTags":    words(c.SeparateSourceTags),
	}
}

// withoutPassword is a database's name with xxxxx for what opens it.
func withoutPassword(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return "" // what can't be read can't be shown without its password
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
