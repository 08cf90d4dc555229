package xmlrpc_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

type state int

type inner struct {
	Label string
}

// Event is exported so that a pointer to it can be embedded.
type Event struct {
	Event   int64 `xmlrpc:"event"`
	Shared  string
	Creator *string `xmlrpc:"creator,omitempty"`
}

// moment reads and writes itself.
type moment struct{ text string }

func (m *moment) UnmarshalXMLRPC(v any) error {
	if v == "bad" {
		return errors.New("bad moment")
	}
	m.text = fmt.Sprintf("%T:%v", v, v)
	return nil
}

func (m moment) MarshalXMLRPC(e *xmlrpc.Encoder) error {
	e.BeginArray()
	e.String(m.text)
	e.Int(7)
	e.EndArray()
	return nil
}

type wide struct {
	inner
	*Event
	ID       int32   `xmlrpc:"id"`
	State    state   `xmlrpc:"state"`
	Owner    *int64  `xmlrpc:"owner"`
	Weight   float64 `xmlrpc:"weight"`
	On       bool    `xmlrpc:"on"`
	Names    []string
	Counts   map[string]int
	ByID     map[int]string
	Extra    any
	Data     []byte
	At       time.Time
	When     moment
	WhenPtr  *moment
	Pair     [2]int
	Children []wide
	Shared   string
	Hidden   string `xmlrpc:"-"`
	private  string //nolint:unused // that it is left alone is the test
}

func TestDecodeTyped(t *testing.T) {
	t.Parallel()
	one := int64(1)
	cases := []struct {
		name   string
		inside string
		want   any // of the type that is read
	}{
		{"int", "<int>5</int>", 5},
		{"int8", "<int>-128</int>", int8(-128)},
		{"uint64", "<i8>9223372036854775807</i8>", uint64(9223372036854775807)},
		{"named int", "<int>5</int>", state(5)},
		{"int as float", "<int>5</int>", 5.0},
		{"float32", "<double>0.1</double>", float32(0.1)},
		{"int as bool", "<int>1</int>", true},
		{"nil as string", "<nil/>", ""},
		{"nil as slice", "<nil/>", []string(nil)},
		{"nil as any", "<nil/>", (*any)(nil)},
		{"untyped string", "x", "x"},
		{"string as bytes", "x", []byte("x")},
		{"pointer", "<int>1</int>", &one},
		{"nil pointer", "<nil/>", (*int64)(nil)},
		{"nil pointer to one that reads itself", "<nil/>", (*moment)(nil)},
		{"nil to one that reads itself", "<nil/>", moment{"<nil>:<nil>"}},
		{"empty slice", "<array/>", []int{}},
		{"slice of slices", "<array><data><value><array><data><value><int>1</int></value></data></array></value><value><nil/></value></data></array>", [][]int{{1}, nil}},
		{"map", "<struct><member><name>a</name><value><int>1</int></value></member></struct>", map[string]float64{"a": 1}},
		{"map of any", "<struct><member><name>a</name><value><nil/></value></member></struct>", map[string]any{"a": nil}},
		{"map of pointers", "<struct><member><name>a</name><value><int>1</int></value></member><member><name>b</name><value><nil/></value></member></struct>", map[string]*int64{"a": &one, "b": nil}},
		{"map of slices", "<struct><member><name>a</name><value><array><data><value>x</value></data></array></value></member><member><name>b</name><value><array><data><value>y</value></data></array></value></member></struct>", map[string][]string{"a": {"x"}, "b": {"y"}}},
		{
			"struct",
			`<struct>
<member><name>unknown</name><value><struct><member><name>deep</name><value><array><data><value><base64>!</base64></value></data></array></value></member></struct></value></member>
<member><name>Label</name><value>l</value></member>
<member><name>event</name><value><int>3</int></value></member>
<member><name>id</name><value><int>4</int></value></member>
<member><name>state</name><value><int>2</int></value></member>
<member><name>owner</name><value><int>1</int></value></member>
<member><name>weight</name><value><double>1.5</double></value></member>
<member><name>Counts</name><value><struct><member><name>x</name><value><int>1</int></value></member></struct></value></member>
<member><name>on</name><value><boolean>1</boolean></value></member>
<member><name>Names</name><value><array><data><value>a</value><value><nil/></value></data></array></value></member>
<member><name>ByID</name><value><struct><member><name>12</name><value>x</value></member></struct></value></member>
<member><name>Extra</name><value><array><data><value><int>1</int></value></data></array></value></member>
<member><name>Data</name><value><base64>aGk=</base64></value></member>
<member><name>At</name><value><dateTime.iso8601>20260122T06:18:48</dateTime.iso8601></value></member>
<member><name>When</name><value><int>1</int></value></member>
<member><name>WhenPtr</name><value>w</value></member>
<member><name>Pair</name><value><array><data><value><int>1</int></value><value><int>2</int></value></data></array></value></member>
<member><name>Children</name><value><array><data><value><struct><member><name>id</name><value><int>9</int></value></member></struct></value></data></array></value></member>
<member><name>Shared</name><value>outer</value></member>
<member><name>Hidden</name><value>h</value></member>
<member><name>private</name><value>p</value></member>
</struct>`,
			wide{
				inner: inner{"l"}, Event: &Event{Event: 3}, ID: 4, State: 2, Owner: &one, Weight: 1.5, On: true, Names: []string{"a", ""},
				Counts: map[string]int{"x": 1}, ByID: map[int]string{12: "x"}, Extra: []any{int64(1)}, Data: []byte("hi"),
				At: time.Date(2026, 1, 22, 6, 18, 48, 0, time.UTC), When: moment{"int64:1"}, WhenPtr: &moment{"string:w"},
				Pair: [2]int{1, 2}, Children: []wide{{ID: 9}}, Shared: "outer",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := reflect.New(reflect.TypeOf(c.want))
			if err := xmlrpc.UnmarshalResponse(response(c.inside), got.Interface()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Elem().Interface(), cmp.AllowUnexported(wide{}, moment{})); diff != "" {
				t.Errorf("value differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeTypedRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, inside string
		into         any
		want         string
	}{
		{"int8 overflow", "<int>128</int>", new(int8), "the int 128 doesn't fit int8 (byte 67)"},
		{"negative uint", "<int>-1</int>", new(uint), "the int -1 doesn't fit uint (byte 66)"},
		{"float32 overflow", "<double>1e39</double>", new(float32), "the double 1e+39 doesn't fit float32"},
		{"two as bool", "<int>2</int>", new(bool), "the int 2 doesn't fit bool"},
		{"bool as int", "<boolean>1</boolean>", new(int), "boolean doesn't fit int"},
		{"string as int", "5", new(int), "string doesn't fit int"},
		{"double as int", "<double>5.0</double>", new(int), "double doesn't fit int"},
		{"int as string", "<int>5</int>", new(string), "int doesn't fit string"},
		{"struct as slice", "<struct/>", new([]int), "struct doesn't fit []int"},
		{"array as struct", "<array/>", new(wide), "array doesn't fit xmlrpc_test.wide"},
		{"array as map", "<array/>", new(map[string]int), "array doesn't fit map[string]int"},
		{"string as time", "x", new(time.Time), "string doesn't fit time.Time"},
		{"word as a key", "<struct><member><name>a</name><value/></member></struct>", new(map[int]string), `the key "a" doesn't fit map[int]string`},
		{"longer array", "<array><data><value/><value/></data></array>", new([1]string), "a longer array doesn't fit [1]string"},
		{"shorter array", "<array/>", new([1]string), "a shorter array doesn't fit [1]string"},
		{"channel", "x", new(chan int), "string doesn't fit chan int"},
		{"interface with methods", "x", new(error), "string doesn't fit error"},
		{
			"path", "<array><data><value/><value><struct><member><name>x</name><value><array><data><value>a</value></data></array></value></member></struct></value></data></array>",
			new([]any), "",
		},
		{
			"deep path", "<array><data><value><struct><member><name>Children</name><value><array><data><value><struct><member><name>id</name><value>a</value></member></struct></value></data></array></value></member></struct></value></data></array>",
			new([]wide), "[0].Children[0].id: string doesn't fit int32",
		},
		{"not a pointer", "x", "x", "the response doesn't fit string"},
		{"own error", "bad", new(moment), "read xmlrpc_test.moment at byte 62: bad moment"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := xmlrpc.UnmarshalResponse(response(c.inside), c.into)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || len(err.Error()) < len(c.want) || err.Error()[:len(c.want)] != c.want {
				t.Fatalf("error is %v, want %s", err, c.want)
			}
			var te *xmlrpc.TypeError
			if c.name != "own error" && !errors.As(err, &te) {
				t.Errorf("%T is no TypeError", err)
			}
		})
	}
}

func TestDecodeReusesSlices(t *testing.T) {
	t.Parallel()
	v := []wide{{ID: 1, Hidden: "old"}, {ID: 2}}
	if err := xmlrpc.UnmarshalResponse(response("<array><data><value><struct/></value></data></array>"), &v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]wide{{}}, v, cmp.AllowUnexported(wide{}, moment{})); diff != "" {
		t.Errorf("value differs (-want +got):\n%s", diff)
	}
}
