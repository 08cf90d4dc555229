package xmlrpc_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything has each kind of value once or more.
func everything() []any {
	return []any{
		nil, true, false, int64(0), int64(-2147483648), int64(2147483647),
		1.0, -0.5, 1e16, 1e-5, 1769062728.754275, 1e300, 5e-324, 123456789012345.0, 0.0001,
		"", "plain", " spaces kept \n\ttoo ", "<a href=\"x\">&amp;</a> 'q' ]]>", "line\r\nend\r", "žluťoučký 漢字 😀",
		[]byte{},
		[]byte("short"), bytes.Repeat([]byte{0, 1, 2, 253, 254, 255}, 30),
		time.Date(2026, 1, 22, 6, 18, 48, 0, time.UTC),
		[]any{},
		[]any{int64(1), []any{"two", []any{nil}}},
		map[string]any{},
		map[string]any{"": "no name", "a<b&c>d": int64(1), "nested": map[string]any{"list": []any{map[string]any{"k": nil}}}},
		map[string]any{"__starstar": true, "strict": true},
	}
}

// The documents in testdata are what this package writes; Python's xmlrpc.client
// reads them as the same values, and writes those of python-*.xml the same byte for byte.
func TestDocumentsAreAsRecorded(t *testing.T) {
	t.Parallel()
	large := []any{int64(2147483648), int64(-2147483649), int64(9223372036854775807), int64(-9223372036854775808)}
	cases := []struct {
		file string
		make func() ([]byte, error)
	}{
		{"python-call.xml", func() ([]byte, error) { return xmlrpc.MarshalCall("some.method", everything()...) }},
		{"python-call-empty.xml", func() ([]byte, error) { return xmlrpc.MarshalCall("getAPIVersion") }},
		{"python-response.xml", func() ([]byte, error) { return xmlrpc.MarshalResponse(everything()) }},
		{"python-fault.xml", func() ([]byte, error) {
			return xmlrpc.MarshalFault(xmlrpc.Fault{Code: 1000, String: "No such tag: <x> & co"})
		}},
		{"call-large.xml", func() ([]byte, error) { return xmlrpc.MarshalCall("large", large...) }},
		{"call-unsafe.xml", func() ([]byte, error) {
			return xmlrpc.MarshalCall("unsafe", "nul \x00 esc \x1b bad \xff\xc0\x80 half \xe6\xbc end \uFFFE", map[string]any{"k\x01": "v"})
		}},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			got, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join("testdata", c.file)
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("document differs (-recorded +written):\n%s", diff)
			}
		})
	}
}

func TestEverythingComesBack(t *testing.T) {
	t.Parallel()
	doc, err := xmlrpc.MarshalCall("some.method", everything()...)
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string]*xmlrpc.Decoder{
		"whole":       xmlrpc.NewDecoder(bytes.NewReader(doc), xmlrpc.Limits{MaxBytes: int64(len(doc))}),
		"byte a time": xmlrpc.NewDecoder(iotest.OneByteReader(bytes.NewReader(doc)), xmlrpc.Limits{}),
		"data at EOF": xmlrpc.NewDecoder(iotest.DataErrReader(bytes.NewReader(doc)), xmlrpc.Limits{}),
	}
	for name, d := range readers {
		method, params, err := d.Call()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if method != "some.method" {
			t.Errorf("%s: method %q", name, method)
		}
		if diff := cmp.Diff(everything(), params); diff != "" {
			t.Errorf("%s: values differ (-written +read):\n%s", name, diff)
		}
	}
}
