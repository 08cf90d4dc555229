package xmlrpc_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"koji/internal/xmlrpc"
)

// odd is a value that only Verbatim reads as it was written.
var odd = xmlrpc.Object{
	{Name: "b", Value: math.Inf(1)},
	{Name: "a", Value: []any{math.Inf(-1), math.NaN(), xmlrpc.Object{{Name: "z", Value: int64(1)}, {Name: "y", Value: nil}}}},
	{Name: "c", Value: xmlrpc.Object{}},
}

func TestVerbatim(t *testing.T) {
	t.Parallel()
	doc, err := xmlrpc.MarshalResponse(odd)
	if err != nil {
		t.Fatal(err)
	}
	var got xmlrpc.Verbatim
	if err := xmlrpc.UnmarshalResponse(doc, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(odd), got.Value, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	var plain any
	if err := xmlrpc.UnmarshalResponse(doc, &plain); err == nil || !strings.Contains(err.Error(), `"inf" is no number`) {
		t.Errorf("an infinite number is read: %v, %v", plain, err)
	}
	want := map[string]any{"a": []any{math.Inf(-1), math.NaN(), map[string]any{"z": int64(1), "y": nil}}, "b": math.Inf(1), "c": map[string]any{}}
	if diff := cmp.Diff(any(want), xmlrpc.Plain(got.Value), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestVerbatimCall(t *testing.T) {
	t.Parallel()
	doc, err := xmlrpc.MarshalCall("echo", odd, xmlrpc.Object{{Name: "k", Value: int64(1)}, {Name: "__starstar", Value: true}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(method string) ([]any, error) {
		d := xmlrpc.NewDecoder(strings.NewReader(string(doc)), xmlrpc.Limits{})
		d.Verbatim(func(name string) bool { return name == method })
		_, params, err := d.Call()
		return params, err
	}
	params, err := read("echo")
	if err != nil {
		t.Fatal(err)
	}
	params, named := xmlrpc.Kwargs(params)
	if diff := cmp.Diff([]any{odd}, params, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"k": int64(1)}, named); diff != "" {
		t.Error(diff)
	}
	if _, err := read("another"); err == nil {
		t.Error("an infinite number is read in a call that isn't verbatim")
	}
}

// Of members with the same name the last one wins, at the place of the first.
func TestVerbatimSameName(t *testing.T) {
	t.Parallel()
	member := func(name, value string) string {
		return "<member><name>" + name + "</name><value>" + value + "</value></member>"
	}
	doc := "<methodResponse><params><param><value><struct>" + member("a", "1") + member("b", "2") + member("a", "3") +
		"</struct></value></param></params></methodResponse>"
	var got xmlrpc.Verbatim
	if err := xmlrpc.UnmarshalResponse([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(xmlrpc.Object{{Name: "a", Value: "3"}, {Name: "b", Value: "2"}}), got.Value); diff != "" {
		t.Error(diff)
	}
}
