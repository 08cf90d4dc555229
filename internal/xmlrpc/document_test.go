package xmlrpc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"

	"koji/internal/xmlrpc"
)

func TestCallDocuments(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, doc string
		method    string
		params    []any
	}{
		{"no params", "<methodCall><methodName>m</methodName></methodCall>", "m", nil},
		{"empty params", "<methodCall><methodName>a.b</methodName><params/></methodCall>", "a.b", nil},
		{"declaration", "<?xml version=\"1.0\" encoding='utf-8' standalone='yes' ?>\n<methodCall><methodName>m</methodName></methodCall>\n", "m", nil},
		{"byte order mark", "\uFEFF<?xml version='1.0'?><methodCall><methodName>m</methodName></methodCall>", "m", nil},
		{"comments around", "<!-- a --><methodCall><!-- b --><methodName>m</methodName> </methodCall><!-- c -->\n", "m", nil},
		{"no declaration", "\n<methodCall><methodName>m&amp;n</methodName><params><param><value>x</value></param> <param ><value><nil/></value></param></params></methodCall>", "m&n", []any{"x", nil}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			method, params, err := xmlrpc.UnmarshalCall([]byte(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			if method != c.method {
				t.Errorf("method %q, want %q", method, c.method)
			}
			if diff := cmp.Diff(c.params, params); diff != "" {
				t.Errorf("params differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentsRefused(t *testing.T) {
	t.Parallel()
	const call = "<methodCall><methodName>m</methodName></methodCall>"
	cases := []struct{ name, doc, want string }{
		{"empty", "", "syntax error at byte 0: the document ends too early"},
		{"text", "hello", "syntax error at byte 0: there is text where a tag belongs"},
		{"JSON", `{"a": 1}`, "syntax error at byte 0: there is text where a tag belongs"},
		{"a response", "<methodResponse/>", "syntax error at byte 17: <methodResponse> stands where <methodCall> belongs"},
		{"DTD", "<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY a 'b'>]>" + call, "syntax error at byte 22: a DTD isn't allowed"},
		{"late declaration", "\n<?xml version='1.0'?>" + call, "syntax error at byte 1: a processing instruction isn't allowed here"},
		{"stylesheet", "<?xml-stylesheet href='x'?>" + call, "syntax error at byte 0: a processing instruction isn't allowed here"},
		{"Latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" + call, `syntax error at byte 0: the encoding "ISO-8859-1" isn't UTF-8`},
		{"UTF-16", "\xff\xfe<\x00", "syntax error at byte 0: there is text where a tag belongs"},
		{"declaration without a version", "<?xml encoding='UTF-8'?>" + call, "syntax error at byte 0: the XML declaration isn't well formed"},
		{"endless declaration", "<?xml " + strings.Repeat(" ", 5000), "syntax error at byte 0: the XML declaration has no end, or is too long"},
		{"junk behind", call + "x", "syntax error at byte 51: something follows the document's end"},
		{"a second document", call + call, "syntax error at byte 51: something follows the document's end"},
		{"processing instruction behind", call + "<?a?>", "syntax error at byte 51: something follows the document's end"},
		{"NUL behind", call + "\x00", "syntax error at byte 51: something follows the document's end"},
		{"no method", "<methodCall></methodCall>", "syntax error at byte 25: </methodCall> stands where <methodName> belongs"},
		{"params twice", "<methodCall><methodName>m</methodName><params/><params/></methodCall>", "syntax error at byte 56: <params> stands where </methodCall> belongs"},
		{"long element name", "<" + strings.Repeat("a", 100_000), "syntax error at byte 0: an element name is too long"},
		{"long tag", "<methodCall a='" + strings.Repeat("a", 100_000), "syntax error at byte 4112: a tag is too long"},
		{"white tag", "<methodCall " + strings.Repeat(" ", 100_000) + ">", "syntax error at byte 100012: a tag is too long"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := xmlrpc.NewDecoder(strings.NewReader(c.doc), xmlrpc.Limits{}).Call()
			if err == nil || err.Error() != c.want {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	want := xmlrpc.Fault{Code: 1007, String: `session "3" has expired`}
	doc, err := xmlrpc.MarshalFault(want)
	if err != nil {
		t.Fatal(err)
	}
	v := "kept"
	err = xmlrpc.UnmarshalResponse(doc, &v)
	var got kolo.FaultError
	if !errors.As(fmt.Errorf("call: %w", err), &got) {
		t.Fatalf("%v is no FaultError", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fault differs (-want +got):\n%s", diff)
	}
	if v != "kept" {
		t.Errorf("the target became %q", v)
	}
	if koloErr := kolo.Response(doc).Err(); koloErr != err { //nolint:errorlint // the very same type and value
		t.Errorf("our error is %#v, kolo's %#v", err, koloErr)
	}
}

func TestResponsesRefused(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, inside, want string }{
		{"nothing", "", "</methodResponse> stands where <params> or <fault> belongs"},
		{"no param", "<params/>", "</params> stands where <param> belongs"},
		{"two params", "<params><param><value/></param><param><value/></param></params>", "<param> stands where </params> belongs"},
		{"fault without a code", "<fault><value><struct/></value></fault>", "the fault isn't a struct of faultCode and faultString"},
		{"fault that is a string", "<fault><value>x</value></fault>", "the fault isn't a struct of faultCode and faultString"},
		{"both", "<params><param><value/></param></params><fault/>", "<fault> stands where </methodResponse> belongs"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v any
			err := xmlrpc.UnmarshalResponse([]byte("<methodResponse>"+c.inside+"</methodResponse>"), &v)
			var syntax *xmlrpc.SyntaxError
			if !errors.As(err, &syntax) || syntax.Reason != c.want {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
}

func TestCopyCall(t *testing.T) {
	t.Parallel()
	params := []any{"a <b> & </param>\n", int64(1) << 40, nil, []byte("</param>"), []any{}, map[string]any{"__starstar": true, "</value>": 1.5}}
	for n := range len(params) + 1 {
		doc, err := xmlrpc.MarshalCall("build", params[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		copied, ok := xmlrpc.CopyCall(string(doc))
		if !ok {
			t.Fatalf("not copied:\n%s", doc)
		}
		got, err := xmlrpc.MarshalResponse([]any{copied, "behind"})
		if err != nil {
			t.Fatal(err)
		}
		want, err := xmlrpc.MarshalResponse([]any{params[:n], "behind"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%d parameters (-want +got):\n%s", n, diff)
		}
		for name, other := range map[string]string{
			"cut":         string(doc[:len(doc)-1]),
			"declaration": strings.Replace(string(doc), "'1.0'", `"1.0"`, 1),
			"comment":     strings.Replace(string(doc), "<params>\n", "<params>\n<!-- </param>\n -->", 1),
			"no params":   "<?xml version='1.0'?>\n<methodCall>\n<methodName>m</methodName>\n</methodCall>\n",
			"blanks":      strings.Replace(string(doc), "<params>\n", "<params>\n ", 1),
		} {
			if _, ok := xmlrpc.CopyCall(other); ok {
				t.Errorf("copied: %s\n%s", name, other)
			}
		}
	}
}
