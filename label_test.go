package koji

import (
	"errors"
	"strings"
	"testing"

	"koji/internal/xmlrpc"

	"github.com/google/go-cmp/cmp"
)

func TestTaskLabel(t *testing.T) {
	t.Parallel()
	type s = map[string]any
	const scm = "git+https://scm.example:443/rpms/foo#abc123"
	target := s{"name": "f40", "id": int64(1)}
	build := s{"package_name": "foo", "name": "other", "version": "1", "release": "2"}
	tests := []struct {
		method  string
		request []any
		want    string
	}{
		{"build", []any{scm, "f40"}, "build (f40, /rpms/foo:abc123)"},
		{"build", []any{scm, "f40", s{"scratch": true}}, "build (f40, /rpms/foo:abc123)"},
		{"build", []any{"cli-build/17.x/foo-1-1.src.rpm", "f40", s{}}, "build (f40, foo-1-1.src.rpm)"},
		{"build", []any{scm, nil, s{"repo_id": int64(5)}}, "build (/rpms/foo:abc123)"},
		{"build", []any{scm, s{"target": "f40", "__starstar": true}}, "build (f40, /rpms/foo:abc123)"},
		{"build", []any{s{"__method__": "build", "src": scm, "target": "f40"}}, "build (f40, /rpms/foo:abc123)"},
		{"build", []any{scm}, "build (noarch, unknown args)"},
		{"build", []any{[]any{scm}, "f40"}, "malformed task"},
		{"maven", []any{"git://h/p?mod/ule#v1", "f40"}, "maven (f40, /p:mod/ule:v1)"},
		{"indirectionimage", []any{s{"name": "n", "version": "1", "release": int64(2)}}, "indirectionimage (n, 1, 2)"},
		{"indirectionimage", []any{"x"}, "malformed task"},
		{"buildSRPMFromSCM", []any{scm, target, s{}}, "buildSRPMFromSCM (/rpms/foo:abc123)"},
		{"buildSRPMFromSCM", []any{"git://host", target}, "buildSRPMFromSCM (noarch)"},
		{"rebuildSRPM", []any{"x/foo.src.rpm", target}, "rebuildSRPM (noarch)"},
		{"buildArch", []any{"tasks/1/1/foo-1-1.src.rpm", int64(3), "x86_64", true, s{"repo_id": int64(1)}}, "buildArch (foo-1-1.src.rpm, x86_64)"},
		{"buildMaven", []any{scm, s{"name": "f40-build"}}, "buildMaven (f40-build)"},
		{"wrapperRPM", []any{scm, target, nil, nil}, "wrapperRPM (f40)"},
		{"wrapperRPM", []any{scm, target, build, nil}, "wrapperRPM (f40, foo-1-2)"},
		{"wrapperRPM", []any{scm, target, s{"name": "x"}, nil}, "malformed task"},
		{"winbuild", []any{"vm", scm, "f40"}, "winbuild (f40, /rpms/foo:abc123)"},
		{"vmExec", []any{"vm", []any{}, s{}}, "vmExec (vm)"},
		{"buildNotification", []any{[]any{"a@b"}, build, target, "http://x"}, "buildNotification (foo-1-2)"},
		{"buildNotification", []any{[]any{"a@b"}, s{"nvr": "a-b-c"}, target, "http://x"}, "buildNotification (a-b-c)"},
		{"newRepo", []any{"f40-build"}, "newRepo (f40-build)"},
		{"newRepo", []any{"f40-build", s{"opts": s{}, "__starstar": true}}, "newRepo (f40-build)"},
		{"newRepo", []any{int64(7)}, "newRepo (7)"},
		{"distRepo", []any{"f40", int64(1), []any{}, s{}}, "distRepo (f40)"},
		{"createrepo", []any{int64(1), "x86_64", nil}, "createrepo (x86_64)"},
		{"createdistrepo", []any{"f40", int64(12), "x86_64", []any{}, s{}}, "createdistrepo (12, x86_64)"},
		{"dependantTask", []any{[]any{int64(1)}, []any{[]any{"build", []any{}}, []any{"sleep", []any{}}}}, "dependantTask (build, sleep)"},
		{"dependantTask", []any{[]any{int64(1)}, []any{"build"}}, "malformed task"},
		{"chainbuild", []any{[]any{}, "f40"}, "chainbuild (f40)"},
		{"chainmaven", []any{s{}, "f40"}, "chainmaven (f40)"},
		{"waitrepo", []any{"f40-build"}, "waitrepo (f40-build)"},
		{"waitrepo", []any{"f40-build", nil, []any{"a-1-1", "b-2-2"}}, "waitrepo (f40-build, a-1-1, b-2-2)"},
		{"livecd", []any{"n", "1", "x86_64", "f40", "dir/a.ks"}, "livecd (x86_64, n-1, a.ks)"},
		{"livemedia", []any{"n", "1", []any{"x86_64", "aarch64"}, "f40", "dir/a.ks"}, "livemedia (x86_64,aarch64, n-1, a.ks)"},
		{"image", []any{"n", "1", []any{"x86_64"}, "f40", "http://tree/os"}, "image (x86_64, n-1, http://tree/os)"},
		{"createLiveCD", []any{"n", "1", "2", "x86_64", target, int64(1), s{}, "d/a.ks"}, "createLiveCD (f40, n-1-2, a.ks, x86_64)"},
		{"createImage", []any{"n", "1", "2", "x86_64", target, int64(1), s{}, "http://tree", s{}}, "createImage (f40, n-1-2, http://tree, x86_64)"},
		{"restart", []any{s{"name": "builder1", "id": int64(4)}}, "restart (builder1)"},
		{"restartVerify", []any{int64(9), s{"id": int64(4)}}, "restartVerify (4)"},
		{"tagBuild", []any{int64(1), int64(2), false, nil, true}, "tagBuild (noarch)"},
		{"default", []any{int64(1), s{"x": true, "__starstar": true}}, "default (noarch)"},
		{"shutdown", []any{}, "shutdown (noarch)"},
		{"shutdown", []any{int64(1)}, "shutdown (noarch, unknown args)"},
		{"somebody's plugin", []any{int64(1)}, "somebody's plugin (noarch)"},
		{"", []any{int64(1)}, "malformed task"},
	}
	for _, tt := range tests {
		task := Task{Method: tt.method, Arch: "noarch", Request: tt.request}
		if got := TaskLabel(task); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.method, tt.request, got, tt.want)
		}
		doc, err := xmlrpc.MarshalCall(tt.method, tt.request...)
		if err != nil || tt.method == "" {
			continue
		}
		task.Request = string(doc)
		if got := TaskLabel(task); got != tt.want {
			t.Errorf("%s as a document: got %q, want %q", tt.method, got, tt.want)
		}
	}
	if got := TaskLabel(Task{Method: "build", Arch: "noarch"}); got != "build (noarch)" {
		t.Errorf("without a request: %q", got)
	}
	if got := TaskLabel(Task{Method: "build", Request: "<nonsense"}); got != "malformed task" {
		t.Errorf("with nonsense: %q", got)
	}
}

func TestParseTaskParams(t *testing.T) {
	t.Parallel()
	type s = map[string]any
	tests := []struct {
		name    string
		method  string
		request []any
		want    s
		wantErr string
	}{
		{
			name: "defaults", method: "tagBuild", request: []any{int64(1), int64(2), true},
			want: s{"tag_id": int64(1), "build_id": int64(2), "force": true, "fromtag": nil, "ignore_success": false},
		},
		{name: "by name", method: "fork", request: []any{s{"m": int64(3), "__starstar": true}}, want: s{"n": int64(5), "m": int64(3)}},
		{name: "a struct that is a value", method: "restart", request: []any{s{"name": "x"}}, want: s{"host": s{"name": "x"}}},
		{
			name: "second signature", method: "newRepo", request: []any{"t", s{"opts": s{"src": true}, "__starstar": true}},
			want: s{"tag": "t", "event": nil, "src": nil, "debuginfo": nil, "separate_src": nil, "opts": s{"src": true}},
		},
		{
			name: "first signature", method: "newRepo", request: []any{"t"},
			want: s{"tag": "t", "event": nil, "src": false, "debuginfo": false, "separate_src": false},
		},
		{name: "new style", method: "whatever", request: []any{s{"__method__": "whatever", "a": int64(1)}}, want: s{"a": int64(1)}},
		{
			name: "any number", method: "default", request: []any{int64(1), "x", s{"k": "v", "__starstar": true}},
			want: s{"args": []any{int64(1), "x"}, "opts": s{"k": "v"}},
		},
		{name: "none of any number", method: "someMethod", want: s{"args": []any{}}},
		{name: "nothing", method: "shutdown", want: s{}},
		{
			name: "text default", method: "tagNotification", request: []any{nil, true, nil, nil, nil, nil},
			want: s{
				"recipients": nil, "is_successful": true, "tag_info": nil, "from_info": nil, "build_info": nil,
				"user_info": nil, "ignore_success": nil, "failure_msg": "",
			},
		},
		{name: "too many", method: "sleep", request: []any{int64(1), int64(2)}, wantErr: "sleep: takes 1 parameters but 2 were given"},
		{name: "too few", method: "sleep", wantErr: "sleep: parameter n is missing"},
		{name: "twice", method: "sleep", request: []any{int64(1), s{"n": int64(2), "__starstar": true}}, wantErr: "sleep: parameter n is given twice"},
		{name: "strangers", method: "sleep", request: []any{int64(1), s{"z": 1, "y": 2, "__starstar": true}}, wantErr: "sleep: there is no parameter named y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseTaskParams(tt.method, tt.request)
			if tt.wantErr != "" {
				if !errors.Is(err, ErrParameter) || err.Error() != tt.wantErr {
					t.Errorf("got %v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := ParseTaskParams("plugin", nil); !errors.Is(err, ErrNoSignature) {
		t.Errorf("got %v", err)
	}
}

// Every line of the table must be readable, defaults too.
func TestSignatureTable(t *testing.T) {
	t.Parallel()
	for method, lists := range taskSignatures {
		for _, list := range lists {
			sig := parseSignature(list)
			optional := false
			for _, p := range sig.params {
				if strings.ContainsAny(p.name, " *=") || optional && !p.optional {
					t.Errorf("%s: %q", method, list)
				}
				optional = p.optional
			}
		}
	}
}

func FuzzTaskLabel(f *testing.F) {
	for _, params := range [][]any{{"git://h/p#r", "t"}, {map[string]any{"__method__": "x"}}, {nil}} {
		doc, err := xmlrpc.MarshalCall("build", params...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("build", string(doc))
		f.Add("dependantTask", string(doc))
	}
	f.Fuzz(func(t *testing.T, method, doc string) {
		label := TaskLabel(Task{Method: method, Arch: "noarch", Request: doc})
		if label != malformedTask && !strings.HasPrefix(label, method+" (") {
			t.Errorf("label %q of %q", label, method)
		}
	})
}
