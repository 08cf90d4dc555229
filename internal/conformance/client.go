package conformance

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/adler32"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clientConfig is the profile that each command runs with, if it names no other.
const clientConfig = `[koji]
server = %s
authtype = password
weburl = http://web.example.com/koji
topurl = http://files.example.com/kojifiles
topdir = /nonexistent/koji
poll_interval = 1
max_retries = 2
retry_interval = 1
`

// commandPatience is how long a command may run.
const commandPatience = 2 * time.Minute

// Command is a command line for the client that is looked at.
type Command struct {
	Words []string // the first one is the program, or a link to it
	Dir   string
	Env   map[string]string // besides what there is
	Stdin string
}

// Ran is what a command left.
type Ran struct {
	Code        int
	Out, ErrOut string
}

// Client is how commands are run: Program is what a transcript's symbolic links
// lead to and the first word of its command lines.
type Client struct {
	Program string
	Run     func(context.Context, Command) (Ran, error)
}

// client runs the steps of one transcript: calls by the replay's own means,
// commands by the client that is looked at.
type client struct {
	replay
	of    Client
	link  string // to the program, if a step made one
	home  string
	files *httptest.Server
}

func newClient(of Client, hub, dir string) (*client, error) {
	var token [3]byte
	rand.Read(token[:])
	c := &client{of: of, home: dir}
	c.replay = replay{
		url: hub, token: "r" + hex.EncodeToString(token[:]),
		client: &http.Client{Transport: &http.Transport{}}, sessions: map[string]*session{}, saved: map[string]any{},
	}
	config := fmt.Sprintf(clientConfig, hub)
	err := errors.Join(os.MkdirAll(c.work(), 0o755), os.MkdirAll(filepath.Join(dir, ".koji"), 0o755), os.MkdirAll(filepath.Join(dir, "top"), 0o755),
		os.WriteFile(filepath.Join(dir, ".koji", "config"), []byte(config), 0o600))
	if err != nil {
		return nil, fmt.Errorf("make a home: %w", err)
	}
	c.files = httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "top"))))
	return c, nil
}

func (c *client) close() {
	c.files.Close()
	c.client.CloseIdleConnections()
}

func (c *client) work() string { return filepath.Join(c.home, "work") }

// printed is what a command left.
type printed struct {
	rc             int
	stdout, stderr string
	file, tree     string
}

// perform does a step. An error is one of a step that sets up.
func (c *client) perform(ctx context.Context, step *CommandStep) (printed, error) {
	switch {
	case step.Cmd.v != nil:
		return c.run(ctx, step)
	case step.Call != "" || step.Upload.v != nil:
		return printed{}, c.setUp(ctx, step)
	}
	return printed{}, c.put(step)
}

// setUp makes a call or an upload.
func (c *client) setUp(ctx context.Context, step *CommandStep) error {
	if o, _ := step.Upload.v.(object); o.text("local", "") != "" {
		s, err := c.session(ctx, step.As)
		if err != nil {
			return err
		}
		what, err := c.texts(o)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(c.local(what["local"]))
		if err != nil {
			return err
		}
		_, err = s.upload(ctx, url.Values{"filepath": {what["path"]}, "filename": {what["name"]}, "offset": {"0"}, "overwrite": {"1"}}, data)
		return err
	}
	args, err := c.filled(step.Args.v)
	if err != nil {
		return err
	}
	kwargs, err := c.filled(step.Kwargs.v)
	if err != nil {
		return err
	}
	save, _ := step.Save.v.(string)
	got := c.replay.step(ctx, &Step{Call: step.Call, Args: tree{args}, Kwargs: tree{kwargs}, Upload: step.Upload, As: step.As, Save: save})
	if got.fault != nil && !step.MayFail {
		return fmt.Errorf("%s: %s", step.Call, brief(got.fault.Text))
	}
	return nil
}

var savedRe = regexp.MustCompile(`\$\{([\w.-]+)(?:%(\d+))?\}`)

// fill puts the token, saved values and the places of this run into a text.
func (c *client) fill(text string) (string, error) {
	var problem error
	text = savedRe.ReplaceAllStringFunc(strings.ReplaceAll(text, mark, c.token), func(ref string) string {
		m := savedRe.FindStringSubmatch(ref)
		value, err := c.lookup(m[1])
		if err != nil {
			problem = err
			return ref
		}
		if n, ok := value.(int64); ok && m[2] != "" {
			divisor, err := strconv.ParseInt(m[2], 10, 64)
			if err != nil || divisor == 0 {
				problem = fmt.Errorf("%s is no remainder", ref)
				return ref
			}
			return strconv.FormatInt(n%divisor, 10)
		}
		return fmt.Sprint(value)
	})
	return strings.NewReplacer("{home}", c.home, "{hub}", c.url, "{top}", c.files.URL).Replace(text), problem
}

// filled puts saved values into all texts of a value.
func (c *client) filled(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "${") {
			return c.fill(v)
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			if list[i], err = c.filled(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case object:
		o := slices.Clone(v)
		for i := range o {
			if o[i].value, err = c.filled(o[i].value); err != nil {
				return nil, err
			}
		}
		return o, nil
	}
	return v, nil
}

// texts are the members of an object that are text, filled in.
func (c *client) texts(o object) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range o {
		if s, ok := f.value.(string); ok {
			var err error
			if out[f.key], err = c.fill(s); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// local is a path of a step: below the work folder, or with ~ the home.
func (c *client) local(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		return filepath.Join(c.home, rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.work(), path)
}

// put makes a file or a link.
func (c *client) put(step *CommandStep) error {
	if step.Symlink != "" {
		c.link = filepath.Join(c.home, step.Symlink)
		return os.Symlink(c.of.Program, c.link)
	}
	if o, ok := step.Serve.v.(object); ok {
		what, err := c.texts(o)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(c.local(what["from"]))
		if err != nil {
			return err
		}
		return store(filepath.Join(c.home, "top", filepath.Clean("/"+what["path"])), data)
	}
	o, isRPM := step.RPM.v.(object)
	if !isRPM {
		if o, _ = step.Write.v.(object); o == nil {
			return errors.New("a step that does nothing")
		}
	}
	path, err := c.fill(o.text("path", ""))
	if err != nil {
		return err
	}
	data, err := c.content(o, isRPM)
	if err != nil {
		return err
	}
	if err := store(c.local(path), data); err != nil {
		return err
	}
	if name, _ := step.Save.v.(string); name != "" {
		sum5, sum256 := md5.Sum(data), sha256.Sum256(data)
		facts := map[string]any{
			"size": int64(len(data)), "md5": hex.EncodeToString(sum5[:]), "sha256": hex.EncodeToString(sum256[:]),
			"adler32": fmt.Sprintf("%08x", adler32.Checksum(data)),
		}
		if isRPM {
			facts["sigmd5"] = sigMD5(data)
		}
		c.saved[name] = facts
	}
	return nil
}

func (c *client) content(o object, isRPM bool) ([]byte, error) {
	if isRPM {
		v, err := c.expand(o)
		if err != nil {
			return nil, err
		}
		return makeRPM(v.(map[string]any))
	}
	if text, ok := o.get("b64"); ok {
		return base64.StdEncoding.DecodeString(fmt.Sprint(text))
	}
	if value, ok := o.get("json"); ok {
		value, err := c.filled(value)
		if err != nil {
			return nil, err
		}
		if value, err = c.expand(value); err != nil {
			return nil, err
		}
		return json.Marshal(value)
	}
	text, err := c.fill(o.text("text", ""))
	return []byte(text), err
}

func store(path string, data []byte) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644))
}

// words are those of a command line.
func (c *client) words(v any) ([]string, error) {
	var words []string
	switch v := v.(type) {
	case nil:
	case string:
		var err error
		if words, err = splitWords(v); err != nil {
			return nil, err
		}
	case []any:
		for _, w := range v {
			words = append(words, fmt.Sprint(w))
		}
	}
	for i, w := range words {
		var err error
		if words[i], err = c.fill(w); err != nil {
			return nil, err
		}
	}
	return words, nil
}

func (c *client) commandLine(step *CommandStep) ([]string, error) {
	line := []string{c.of.Program}
	if step.Program == "symlink" {
		line[0] = c.link
	}
	profile := "koji"
	if step.Profile != nil {
		profile = *step.Profile
	}
	if profile != "" {
		line = append(line, "-p", profile)
	}
	user := step.As
	if user == "" {
		user = "kojiadmin"
	}
	if user != "anon" {
		line = append(line, "--user", user, "--password", user)
	}
	for _, v := range []any{step.Opts.v, step.Cmd.v} {
		words, err := c.words(v)
		if err != nil {
			return nil, err
		}
		line = append(line, words...)
	}
	return line, nil
}

func (c *client) run(ctx context.Context, step *CommandStep) (printed, error) {
	line, err := c.commandLine(step)
	if err != nil {
		return printed{}, err
	}
	cwd := c.local(step.Cwd)
	if err := os.MkdirAll(cwd, 0o755); err != nil {
		return printed{}, err
	}
	limited, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	command := Command{Words: line, Dir: cwd, Env: map[string]string{
		"HOME": c.home, "TZ": "UTC", "COLUMNS": "200", "LC_ALL": "C.UTF-8", "PAGER": "cat",
	}}
	maps.Copy(command.Env, step.Env)
	if step.Stdin != nil {
		command.Stdin = *step.Stdin
	}
	ran, err := c.of.Run(limited, command)
	if err != nil {
		return printed{}, err
	}
	c.keep(step, ran.Out)
	p := printed{rc: ran.Code, stdout: c.shrink(ran.Out), stderr: c.shrink(ran.ErrOut)}
	if limited.Err() != nil {
		p.stderr += "\nit was ended after " + commandPatience.String()
	}
	if step.Read != "" {
		path, err := c.fill(step.Read)
		if err != nil {
			return p, err
		}
		data, err := os.ReadFile(c.local(path))
		p.file = c.shrink(string(data))
		if err != nil {
			p.file = err.Error()
		}
	}
	if step.Tree != "" {
		path, err := c.fill(step.Tree)
		if err != nil {
			return p, err
		}
		p.tree = c.shrink(listTree(c.local(path)))
	}
	return p, nil
}

// keep saves what the step's patterns find in an output.
func (c *client) keep(step *CommandStep, out string) {
	patterns, _ := step.Save.v.(object)
	for _, f := range patterns {
		re, err := regexp.Compile("(?m)" + strings.ReplaceAll(fmt.Sprint(f.value), mark, regexp.QuoteMeta(c.token)))
		if err != nil {
			continue // unsaved will tell
		}
		if m := re.FindStringSubmatch(out); len(m) > 1 {
			c.saved[f.key] = m[1]
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				c.saved[f.key] = n
			}
		}
	}
}

// unsaved names something that a command should have given and did not.
func (c *client) unsaved(step *CommandStep) string {
	patterns, _ := step.Save.v.(object)
	for _, f := range patterns {
		if _, ok := c.saved[f.key]; !ok {
			return f.key
		}
	}
	return ""
}

// shrink is the reverse of fill, for what was printed.
func (c *client) shrink(text string) string {
	return strings.NewReplacer(c.token, mark, c.home, "{home}", c.url, "{hub}", c.files.URL, "{top}").Replace(text)
}

// listTree lists the files below a folder, with their sizes.
func listTree(root string) string {
	var lines []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		lines = append(lines, fmt.Sprintf("%s %d", rel, info.Size()))
		return err
	})
	if err != nil {
		return err.Error()
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
