package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Transcript is a run of command lines and what Koji 1.35's client printed. Its
// file is like a scenario's, but for steps that run the client,
//
//	cmd                   the command and its arguments, as a shell splits them, or a list of words
//	as                    the user; anon gives neither --user nor --password
//	opts                  further global options
//	profile               the profile (koji); "" for no -p
//	env, stdin, cwd       of the client; cwd is below the work folder
//	save                  names, each with a pattern whose first group is looked for in the output
//	grep, omit, sub       only lines that match; not those that match; pairs of pattern and replacement
//	exact                 lines are compared as they are, else word by word and without empty ones
//	unordered             lines may come in any order
//	json                  the output is compared as JSON, as a scenario's answers are
//	read, tree            a file whose content, a folder whose files and sizes are compared too
//	program               "symlink": the latest link to the client is run
//
// and for steps that put something there: write and rpm make a file, serve has
// one fetched at {top}, symlink links to the client. A text's ${name.key} is a
// saved value, ${name%10} a remainder of it.
type Transcript struct {
	Name  string
	Area  string
	About string
	Steps []CommandStep
}

// CommandStep is one step of a transcript: a call that sets up, a file, or a command.
type CommandStep struct {
	Call, As string
	Args     tree
	Kwargs   tree
	Upload   tree
	MayFail  bool `json:"may_fail"`
	Save     tree // what a call's answer is kept as, or the patterns of a command

	Write, RPM, Serve tree
	Symlink           string

	Cmd, Opts        tree
	Profile          *string
	Env              map[string]string
	Stdin            *string
	Cwd              string
	Program          string
	Grep, Omit       string
	Sub              [][2]string
	Exact, Unordered bool
	Read, Tree       string
	Expect           *CommandExpectation
}

// CommandExpectation is what the client answered. In its lines {id:N} is any
// integer, the same wherever the label stands, {num} any number, {*} anything in
// a word, {time:asc} and the like a point in time.
type CommandExpectation struct {
	RC     int
	Stderr bool      // something is said there
	Stdout *[]string // nil: whatever it likes
	JSON   tree
	File   *[]string
	Tree   *[]string
}

// LoadTranscripts reads the transcripts of a folder whose name or area begins
// with only, in the order of their names.
func LoadTranscripts(dir fs.FS, only string) ([]Transcript, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	var all []Transcript
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		var t Transcript
		if err := json.Unmarshal(data, &t); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if t.Name != strings.TrimSuffix(path.Base(name), ".json") {
			return nil, fmt.Errorf("%s holds a transcript named %q", name, t.Name)
		}
		if strings.HasPrefix(t.Name, only) || strings.HasPrefix(t.Area, only) {
			all = append(all, t)
		}
	}
	return all, nil
}

// Replay runs a transcript's commands with a client against the hub at url, in a
// home of its own below dir, and says how each step that has an
// expectation went. A step that sets up and fails takes all after it with it.
func (t *Transcript) Replay(ctx context.Context, of Client, url, dir string) ([]Outcome, error) {
	c, err := newClient(of, url, dir)
	if err != nil {
		return nil, err
	}
	defer c.close()
	m := &lineMatcher{ids: map[string]string{}, json: matcher{ids: map[string]int64{}}}
	var all []Outcome
	lost := ""
	for i := range t.Steps {
		step := &t.Steps[i]
		problem := ""
		if lost == "" {
			printed, err := c.perform(ctx, step)
			switch {
			case err != nil:
				lost = fmt.Sprintf("step %d failed: %v", i+1, err)
			case step.Expect != nil:
				problem = m.printed(step, printed)
			}
			if missing := c.unsaved(step); lost == "" && missing != "" {
				lost = fmt.Sprintf("step %d gave no %s", i+1, missing)
				if problem == "" && step.Expect != nil {
					problem = lost
				}
			}
		}
		if step.Expect == nil {
			continue
		}
		if problem == "" {
			problem = lost
		}
		all = append(all, Outcome{t.Name, t.Area, i + 1, step.line(), problem})
	}
	return all, ctx.Err()
}

// line is the command as it was written.
func (s *CommandStep) line() string {
	switch cmd := s.Cmd.v.(type) {
	case string:
		return cmd
	case []any:
		return strings.Trim(fmt.Sprint(cmd), "[]")
	}
	return ""
}

// splitWords splits a command line as a shell does.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inside, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inside = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inside = r, true
		case strings.ContainsRune(" \t\n", r):
			if inside {
				words = append(words, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote has no end")
	}
	if inside {
		words = append(words, word.String())
	}
	return words, nil
}
