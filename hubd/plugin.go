package hubd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"koji/internal/ini"
)

// plugin is an addition to the hub, which Plugins in hub.conf switches on by
// the name that it has in Koji. Koji's plugins are Python that the hub loads;
// ours are compiled in, so PluginPath means nothing here.
//
// install is called once, while the hub is made: after the hub's own methods
// and policy tests are there, and before the policies are read and anybody is
// served. It reads the plugin's own file (Config.pluginSection) and adds what
// the plugin brings:
//
//   - methods, with Hub.addMethods: like the hub's own, in the same
//     transaction, with a row that says who may call;
//   - callbacks, with Hub.On: pre* ones refuse a change by an error, which
//     undoes the call; post* ones run in the same transaction, with what
//     changed; postCommit has no transaction any more. Each is given the *call
//     as its context, and must be quick, for the others wait for it;
//   - tests of policies, in Hub.tests: one of the same name as a test of the
//     hub takes its place.
//
// An error keeps the hub from starting, as does a name that no plugin has.
// Koji's hub starts in that case, and answers every call with "configuration
// error"; the operator learns of it by the hub's silence.
type plugin interface {
	install(h *Hub) error
}

// knownPlugins are the plugins that are compiled in. Some can be called by the
// name of Koji's module or by that of the plugin.
func knownPlugins() map[string]plugin {
	tags, roots := &sidetagPlugin{}, runrootPlugin{}
	return map[string]plugin{
		"echo":        echoPlugin{},
		"sidetag_hub": tags, "sidetag": tags,
		"runroot_hub": roots, "runroot": roots,
		"save_failed_tree": &failedTreePlugin{},
		"kiwi":             kiwiPlugin{},
		"dud":              dudPlugin{},
		"tag2distrepo":     distRepoPlugin{},
	}
}

// installPlugins adds the plugins that the configuration names, each once, in its order.
func (h *Hub) installPlugins() error {
	known := knownPlugins()
	var done []plugin
	for _, name := range h.cfg.Plugins {
		p, ok := known[name]
		if !ok {
			return fmt.Errorf("hub.conf: Plugins: there is no plugin %s in hubd (known: %s)", name, strings.Join(sortedKeys(known), ", "))
		}
		if slices.Contains(done, p) {
			continue
		}
		done = append(done, p)
		if err := p.install(h); err != nil {
			return fmt.Errorf("plugin %s: %w", name, err)
		}
	}
	return nil
}

// pluginSection is a section of a plugin's own file, which stands in the
// folder plugins beside hub.conf. Where the file or the section is missing,
// all its keys have their defaults.
func (c *Config) pluginSection(file, section string) (configReader, error) {
	if c.PluginFolder == "" {
		return configReader{}, nil
	}
	path := filepath.Join(c.PluginFolder, file)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return configReader{}, nil
	}
	if err != nil {
		return configReader{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	settings := ini.New(ini.Options{})
	if err := settings.Read(f, path); err != nil {
		return configReader{}, err
	}
	return configReader{section: settings.Section(section)}, nil
}

// echoPlugin writes every callback to the log, as Koji's plugin echo does.
type echoPlugin struct{}

func (echoPlugin) install(h *Hub) error {
	for _, event := range callbackEvents {
		h.On(event, echoed)
	}
	return nil
}

func echoed(ctx context.Context, event string, info map[string]any) error {
	log := ctx.(*call).log()
	for _, key := range sortedKeys(info) {
		log = log.With(key, info[key])
	}
	log.Info("callback", "event", event)
	return nil
}
