package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const mark = "@@" // stands for the replay's token

// Outcome is how a compared step went.
type Outcome struct {
	Scenario string
	Area     string
	Number   int // of the step, from 1
	Method   string
	Problem  string // what disagrees; "" if nothing
}

// Replay asks a hub at url what a scenario asked, as users whose password is
// their name, and says how each step that has an expectation went. files holds
// the folder files with what is uploaded.
func (s *Scenario) Replay(ctx context.Context, url string, files fs.FS) []Outcome {
	var token [3]byte
	rand.Read(token[:])
	r := &replay{
		url: url, files: files, token: "r" + hex.EncodeToString(token[:]),
		client: &http.Client{Transport: &http.Transport{}}, sessions: map[string]*session{}, saved: map[string]any{},
	}
	defer r.client.CloseIdleConnections()
	m := &matcher{ids: map[string]int64{}}
	var all []Outcome
	for i := range s.Steps {
		step := &s.Steps[i]
		got := r.step(ctx, step)
		if step.Expect == nil {
			continue
		}
		all = append(all, Outcome{s.Name, s.Area, i + 1, step.Method(), m.answer(step, got)})
	}
	return all
}

type replay struct {
	url      string
	files    fs.FS
	token    string
	client   *http.Client
	sessions map[string]*session
	saved    map[string]any
}

// answer is what a step got: a result or a fault.
type answer struct {
	result any
	fault  *remoteFault
}

// codeBroken is the code under which everything counts that is neither a result nor a fault.
const codeBroken = -9999

func (r *replay) step(ctx context.Context, step *Step) answer {
	raw, err := r.run(ctx, step)
	if err != nil {
		var fault *remoteFault
		if !errors.As(err, &fault) {
			fault = &remoteFault{codeBroken, err.Error()}
		}
		return answer{fault: &remoteFault{fault.Code, strings.ReplaceAll(fault.Text, r.token, mark)}}
	}
	if step.Save != "" {
		r.saved[step.Save] = raw
	}
	return answer{result: r.contract(raw)}
}

func (r *replay) run(ctx context.Context, step *Step) (any, error) {
	s, err := r.session(ctx, step.As)
	if err != nil {
		return nil, err
	}
	if step.Upload.v != nil {
		return r.upload(ctx, s, step)
	}
	args, err := r.expand(step.Args.v)
	if err != nil {
		return nil, err
	}
	kwargs, err := r.expand(step.Kwargs.v)
	if err != nil {
		return nil, err
	}
	list, _ := args.([]any)
	named, _ := kwargs.(map[string]any)
	return s.call(ctx, step.Call, list, named)
}

func (r *replay) session(ctx context.Context, user string) (*session, error) {
	if user == "" {
		user = "kojiadmin"
	}
	if s := r.sessions[user]; s != nil {
		return s, nil
	}
	s := &session{url: r.url, client: r.client}
	if !strings.HasPrefix(user, "anon") {
		name, _, _ := strings.Cut(user, "/")
		if err := s.login(ctx, name, name); err != nil {
			return nil, err
		}
	}
	r.sessions[user] = s
	return s, nil
}

func (r *replay) upload(ctx context.Context, s *session, step *Step) (any, error) {
	o, _ := step.Upload.v.(object)
	what := map[string]any{}
	for _, f := range o {
		v, err := r.expand(f.value)
		if err != nil {
			return nil, err
		}
		what[f.key] = v
	}
	text := func(key string) string { v, _ := what[key].(string); return v }
	data := []byte(text("content"))
	if name := text("file"); name != "" {
		var err error
		if data, err = fs.ReadFile(r.files, "files/"+name); err != nil {
			return nil, err
		}
	}
	offset, _ := what["offset"].(int64)
	query := url.Values{"filepath": {text("path")}, "filename": {text("name")}, "offset": {strconv.FormatInt(offset, 10)}}
	if what["overwrite"] != false {
		query.Set("overwrite", "1")
	}
	if v := text("volume"); v != "" {
		query.Set("volume", v)
	}
	return s.upload(ctx, query, data)
}

// expand puts in the token and what earlier steps saved.
func (r *replay) expand(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, mark, r.token), nil
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var err error
			if list[i], err = r.expand(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case object:
		if len(v) == 1 && v[0].key == "$ref" {
			return r.lookup(v.text("$ref", ""))
		}
		if len(v) == 1 && v[0].key == "$b64" {
			return hex.DecodeString(v.text("$b64", ""))
		}
		members := map[string]any{}
		for _, f := range v {
			value, err := r.expand(f.value)
			if err != nil {
				return nil, err
			}
			members[strings.ReplaceAll(f.key, mark, r.token)] = value
		}
		if format, ok := members["$fmt"].(string); ok {
			with, _ := members["with"].(map[string]any)
			for key, value := range with {
				format = strings.ReplaceAll(format, "{"+key+"}", fmt.Sprint(value))
			}
			return format, nil
		}
		return members, nil
	}
	return v, nil
}

func (r *replay) lookup(ref string) (any, error) {
	name, path, _ := strings.Cut(ref, ".")
	value, ok := r.saved[name]
	for part := range strings.SplitSeq(path, ".") {
		if part == "" || !ok {
			break
		}
		switch v := value.(type) {
		case map[string]any:
			value, ok = v[part]
		case []any:
			n, err := strconv.Atoi(part)
			if ok = err == nil && n < len(v); ok {
				value = v[n]
			}
		default:
			ok = false
		}
	}
	if !ok {
		return nil, fmt.Errorf("a saved answer lacks what this step needs: %s", ref)
	}
	return value, nil
}

// contract is the reverse of expand, for what a hub answered.
func (r *replay) contract(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, r.token, mark)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.contract(item)
		}
		return list
	case map[string]any:
		members := make(map[string]any, len(v))
		for k, value := range v {
			members[strings.ReplaceAll(k, r.token, mark)] = r.contract(value)
		}
		return members
	}
	return v
}
