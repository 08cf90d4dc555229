package xmlrpc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	kolo "github.com/kolo/xmlrpc"

	"koji/internal/xmlrpc"
)

// The library kolo/xmlrpc is right about the following; it isn't about nil at the top
// (no value), base64 (a string of its text), untyped white space (trimmed),
// unescaped member names, empty arrays and structs (nil), and strings that are empty inside of an any (nil).

// shared is a type that both libraries write and read.
type shared struct {
	ID       int       `xmlrpc:"id"`
	Big      int64     `xmlrpc:"big"`
	Name     string    `xmlrpc:"name"`
	Weight   float64   `xmlrpc:"weight"`
	On       bool      `xmlrpc:"on"`
	At       time.Time `xmlrpc:"at"`
	Optional string    `xmlrpc:"optional,omitempty"`
	Tags     []string  `xmlrpc:"tags"`
	Plain    string
	Children []child        `xmlrpc:"children"`
	Extra    map[string]any `xmlrpc:"extra"`
	Parent   *child         `xmlrpc:"parent"`
	Left     string         `xmlrpc:"-"`
}

type child struct {
	Label string `xmlrpc:"label"`
	Count *int   `xmlrpc:"count"`
}

func sharedValues() []shared {
	n := 7
	day := time.Date(2026, 1, 22, 6, 18, 48, 0, time.UTC)
	return []shared{
		{
			ID: 1, Big: 1 << 40, Name: "a <b> & \"c\" 'd' é漢😀 ]]> \t\n end\r", Weight: 1.5, On: true, At: day, Optional: "o", Tags: []string{"x", "y z"}, Plain: " p ",
			Children: []child{{"one", &n}, {"two", &n}}, Extra: map[string]any{"i": int64(5), "l": []any{"s", 2.25, false}, "m": map[string]any{"k": "v"}}, Parent: &child{"up", &n},
		},
		{ID: -2147483648, Big: -9223372036854775808, Name: "n", Weight: -0.001, At: day, Tags: []string{}, Plain: "q", Children: []child{}, Extra: map[string]any{}, Parent: &child{"p", &n}},
	}
}

func TestOursReadsKolos(t *testing.T) {
	t.Parallel()
	for _, want := range sharedValues() {
		doc, err := kolo.EncodeMethodCall("a.method", want, []shared{want})
		if err != nil {
			t.Fatal(err)
		}
		method, params, err := xmlrpc.UnmarshalCall(doc)
		if err != nil {
			t.Fatal(err)
		}
		if method != "a.method" || len(params) != 2 {
			t.Fatalf("method %q with %d params", method, len(params))
		}
		body := strings.NewReplacer("methodCall>", "methodResponse>", "<methodName>a.method</methodName>", "").Replace(string(doc))
		body = body[:strings.Index(body, "</param>")] + "</param></params></methodResponse>"
		var ours, kolos shared
		if err := xmlrpc.UnmarshalResponse([]byte(body), &ours); err != nil {
			t.Fatal(err)
		}
		if err := kolo.Response(body).Unmarshal(&kolos); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kolos, ours, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("typed value differs (-kolo +ours):\n%s", diff)
		}
		if diff := cmp.Diff(want, ours); diff != "" {
			t.Errorf("typed value differs (-written +read):\n%s", diff)
		}
		var oursAny, kolosAny any
		if err := xmlrpc.UnmarshalResponse([]byte(body), &oursAny); err != nil {
			t.Fatal(err)
		}
		if err := kolo.Response(body).Unmarshal(&kolosAny); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kolosAny, oursAny, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("untyped value differs (-kolo +ours):\n%s", diff)
		}
	}
}

func TestKoloReadsOurs(t *testing.T) {
	t.Parallel()
	want := sharedValues()
	doc, err := xmlrpc.MarshalResponse(want)
	if err != nil {
		t.Fatal(err)
	}
	var kolos, ours []shared
	if err := kolo.Response(doc).Unmarshal(&kolos); err != nil {
		t.Fatal(err)
	}
	if err := xmlrpc.UnmarshalResponse(doc, &ours); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, kolos, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("value differs (-written +read by kolo):\n%s", diff)
	}
	if diff := cmp.Diff(want, ours); diff != "" {
		t.Errorf("value differs (-written +read by us):\n%s", diff)
	}
	var kolosAny, oursAny any
	if err := kolo.Response(doc).Unmarshal(&kolosAny); err != nil {
		t.Fatal(err)
	}
	if err := xmlrpc.UnmarshalResponse(doc, &oursAny); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kolosAny, oursAny, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("untyped value differs (-kolo +ours):\n%s", diff)
	}
}

func TestKoloReadsOurRows(t *testing.T) {
	t.Parallel()
	want := rows(100)
	for i := range want {
		id := int64(i)
		want[i].Task, want[i].Source = &id, &want[i].Name // kolo makes nil a pointer to zero
	}
	doc, err := xmlrpc.MarshalResponse(want)
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	if err := kolo.Response(doc).Unmarshal(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-written +read by kolo):\n%s", diff)
	}
}
