package xmlrpc_test

import (
	"bytes"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

// sequence is an iter.Seq2 of values, with an error at the end if there is one.
func sequence[T any](err error, values ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// value is what Encoder.Value writes, without line ends.
func value(v any) (string, error) {
	var b bytes.Buffer
	e := xmlrpc.NewEncoder(&b)
	if err := e.Value(v); err != nil {
		return "", err
	}
	err := e.Flush()
	return strings.ReplaceAll(b.String(), "\n", ""), err
}

// Flagged has optional members.
type Flagged struct {
	Zulu  string   `xmlrpc:"zulu,omitempty"`
	Alpha *int     `xmlrpc:"alpha"`
	List  []string `xmlrpc:"list,omitempty"`
	Mike  int
}

// byPointer writes itself by its pointer's method.
type byPointer struct{ n int64 }

func (b *byPointer) MarshalXMLRPC(e *xmlrpc.Encoder) error {
	e.BeginStruct()
	e.Key("n")
	e.Int(b.n)
	e.Key("more")
	if err := e.Value(map[string]any{"list": []any{moment{"m"}}}); err != nil {
		return err
	}
	e.Key("none")
	e.Nil()
	e.Key("bytes")
	e.Bytes([]byte("hi"))
	e.Key("yes")
	e.Bool(true)
	e.Key("half")
	e.Double(0.5)
	e.EndStruct()
	return nil
}

const momentText = "<value><array><data><value><string>m</string></value><value><int>7</int></value></data></array></value>"

func TestEncodeValues(t *testing.T) {
	t.Parallel()
	seven := 7
	array := func(inside string) string { return "<value><array><data>" + inside + "</data></array></value>" }
	number := func(n string) string { return "<value><int>" + n + "</int></value>" }
	cases := []struct {
		name string
		v    any
		want string
	}{
		{"int32 edge", math.MaxInt32, number("2147483647")},
		{"beyond int32", int64(math.MaxInt32) + 1, "<value><i8>2147483648</i8></value>"},
		{"below int32", int64(math.MinInt32) - 1, "<value><i8>-2147483649</i8></value>"},
		{"uint8", uint8(200), number("200")},
		{"uint64", uint64(math.MaxInt64), "<value><i8>9223372036854775807</i8></value>"},
		{"named int", state(3), number("3")},
		{"whole double", 1.0, "<value><double>1.0</double></value>"},
		{"minus zero", math.Copysign(0, -1), "<value><double>-0.0</double></value>"},
		{"great double", 1.5e22, "<value><double>1.5e+22</double></value>"},
		{"small double", 0.00001, "<value><double>1e-05</double></value>"},
		{"float32", float32(0.1), "<value><double>0.1</double></value>"},
		{"nil pointer", (*int)(nil), "<value><nil/></value>"},
		{"pointer", &seven, number("7")},
		{"nil slice", []any(nil), array("")},
		{"nil typed slice", []wide(nil), array("")},
		{"nil map", map[string]any(nil), "<value><struct></struct></value>"},
		{"nil bytes", []byte(nil), "<value><base64></base64></value>"},
		{"go array", [2]int{1, 2}, array(number("1") + number("2"))},
		{"strings", []string{"<", ">"}, array("<value><string>&lt;</string></value><value><string>&gt;</string></value>")},
		{"time", time.Date(2026, 1, 22, 7, 18, 48, 5, time.FixedZone("", 3600)), "<value><dateTime.iso8601>20260122T06:18:48</dateTime.iso8601></value>"},
		{"int keys", map[int]bool{10: true, 9: false}, "<value><struct><member><name>10</name><value><boolean>1</boolean></value></member><member><name>9</name><value><boolean>0</boolean></value></member></struct></value>"},
		{"struct", Flagged{Mike: 1}, "<value><struct><member><name>alpha</name><value><nil/></value></member><member><name>Mike</name>" + number("1") + "</member></struct></value>"},
		{"struct with all", &Flagged{"z", &seven, []string{"l"}, 1}, "<value><struct><member><name>zulu</name><value><string>z</string></value></member><member><name>alpha</name>" + number("7") + "</member><member><name>list</name>" + array("<value><string>l</string></value>") + "</member><member><name>Mike</name>" + number("1") + "</member></struct></value>"},
		{"embedded", struct {
			inner
			*Event
		}{inner{"l"}, &Event{Event: 1}}, "<value><struct><member><name>Label</name><value><string>l</string></value></member><member><name>event</name>" + number("1") + "</member><member><name>Shared</name><value><string></string></value></member></struct></value>"},
		{"embedded nil", struct {
			inner
			*Event
		}{}, "<value><struct><member><name>Label</name><value><string></string></value></member></struct></value>"},
		{"sequence", sequence[any](nil, 1, "x"), array(number("1") + "<value><string>x</string></value>")},
		{"typed sequence", sequence(nil, 1, 2), array(number("1") + number("2"))},
		{"nil sequence", iter.Seq2[any, error](nil), array("")},
		{"own form", moment{"m"}, momentText},
		{"own form by pointer", byPointer{5}, "<value><struct><member><name>n</name>" + number("5") + "</member><member><name>more</name><value><struct><member><name>list</name>" + array(momentText) + "</member></struct></value></member><member><name>none</name><value><nil/></value></member><member><name>bytes</name><value><base64>aGk=</base64></value></member><member><name>yes</name><value><boolean>1</boolean></value></member><member><name>half</name><value><double>0.5</double></value></member></struct></value>"},
		{"own form of nil", (*moment)(nil), "<value><nil/></value>"},
		{"as list", xmlrpc.AsList(Flagged{"z", &seven, []string{}, 1}), array(number("1") + number("7") + "<value><string>z</string></value>")},
		{"as lists", xmlrpc.AsList([]*Flagged{{Mike: 1}, nil}), array(array(number("1")+"<value><nil/></value>") + "<value><nil/></value>")},
		{"as list of a map", xmlrpc.AsList(map[string]any{"b": 2, "a": []any{1}}), array(array(number("1")) + number("2"))},
		{"as list of a sequence", xmlrpc.AsList(sequence[any](nil, map[string]int{"b": 2, "a": 1})), array(array(number("1") + number("2")))},
		{"as list of own form", xmlrpc.AsList(moment{"m"}), momentText},
		{"as list of a number", xmlrpc.AsList(3), number("3")},
		{"as list of nothing", xmlrpc.AsList(nil), "<value><nil/></value>"},
		{"as list inside", []any{xmlrpc.AsList([]map[string]int{{"a": 1}})}, array(array(array(number("1"))))},
		{"forbidden characters", "a\x00\x1f\r\n\t\x7f\xff\uFFFF]]>", "<value><string>a\uFFFD\uFFFD&#13;\t\x7f\uFFFD\uFFFD]]&gt;</string></value>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := value(c.v)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
		})
	}
}

type marshalFunc func(*xmlrpc.Encoder) error

func (f marshalFunc) MarshalXMLRPC(e *xmlrpc.Encoder) error { return f(e) }

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	loop := []any{nil}
	loop[0] = loop
	type knot struct{ Next *knot }
	ring := &knot{}
	ring.Next = ring
	broken := errors.New("connection lost")
	own := func(f func(*xmlrpc.Encoder)) any {
		return marshalFunc(func(e *xmlrpc.Encoder) error { f(e); return nil })
	}
	cases := []struct {
		name string
		v    any
		want string
	}{
		{"uint64", uint64(math.MaxInt64) + 1, "encode int: 9223372036854775808 is beyond 64 bits with a sign"},
		{"channel", map[string]any{"c": make(chan int)}, "encode chan int: XML-RPC has no such type"},
		{"function", func() {}, "encode func(): XML-RPC has no such type"},
		{"float keys", map[float64]int{}, "encode map[float64]int: XML-RPC has no such type"},
		{"far year", time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), "encode dateTime: the year 12026 hasn't four digits"},
		{"slice in itself", loop, "encode value: nested deeper than 1000"},
		{"struct in itself", ring, "encode value: nested deeper than 1000"},
		{"sequence that fails", sequence[any](broken, 1), "connection lost"},
		{"typed sequence that fails", sequence(broken, 1), "connection lost"},
		{"own form fails", marshalFunc(func(*xmlrpc.Encoder) error { return broken }), "connection lost"},
		{"own form of nothing", own(func(*xmlrpc.Encoder) {}), "encode value: a MarshalXMLRPC wrote no value"},
		{"own form of two", own(func(e *xmlrpc.Encoder) { e.Nil(); e.Nil() }), "encode value: a MarshalXMLRPC wrote more than one value"},
		{"no key", own(func(e *xmlrpc.Encoder) { e.BeginStruct(); e.Nil(); e.EndStruct() }), "encode struct: a value needs a key"},
		{"key without a value", own(func(e *xmlrpc.Encoder) { e.BeginStruct(); e.Key("a"); e.EndStruct() }), "encode value: begin and end of arrays and structs don't match"},
		{"not ended", own(func(e *xmlrpc.Encoder) { e.BeginArray() }), "encode value: begin and end of arrays and structs don't match"},
		{"ended wrongly", own(func(e *xmlrpc.Encoder) { e.BeginArray(); e.EndStruct() }), "encode value: begin and end of arrays and structs don't match"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := value(c.v); err == nil || err.Error() != c.want {
				t.Errorf("error is %v, want %s", err, c.want)
			}
			if _, err := xmlrpc.MarshalResponse(c.v); err == nil || err.Error() != c.want {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
}

// A sequence's elements must leave before the last one is made.
func TestEncodeStreams(t *testing.T) {
	t.Parallel()
	var out counterWriter
	var most int64
	seq := func(yield func(any, error) bool) {
		for i := range 100_000 {
			most = max(most, int64(i)*30-out.n)
			if !yield("thirty bytes of text or more, as a whole", nil) {
				return
			}
		}
	}
	if err := xmlrpc.NewEncoder(&out).Response(iter.Seq2[any, error](seq)); err != nil {
		t.Fatal(err)
	}
	if most > 64<<10 {
		t.Errorf("%d bytes were kept", most)
	}
}

type counterWriter struct{ n int64 }

func (c *counterWriter) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestEncodeWriterFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	made := 0
	seq := func(yield func(any, error) bool) {
		for ; made < 1_000_000; made++ {
			if !yield(strings.Repeat("x", 100), nil) {
				return
			}
		}
	}
	err := xmlrpc.NewEncoder(failingWriter{broken}).Response(iter.Seq2[any, error](seq))
	if !errors.Is(err, broken) {
		t.Errorf("error is %v, want the writer's", err)
	}
	if made > 1000 {
		t.Errorf("%d elements were made after the writer failed", made)
	}
}

func TestKwargs(t *testing.T) {
	t.Parallel()
	named := map[string]any{"__starstar": true, "strict": true}
	cases := []struct {
		name           string
		params         []any
		wantPositional []any
		wantNamed      map[string]any
	}{
		{"none", nil, nil, nil},
		{"no struct", []any{"a"}, []any{"a"}, nil},
		{"named", []any{"a", named}, []any{"a"}, map[string]any{"strict": true}},
		{"only named", []any{map[string]any{"__starstar": int64(1)}}, []any{}, map[string]any{}},
		{"not the last", []any{named, "a"}, []any{named, "a"}, nil},
		{"not true", []any{map[string]any{"__starstar": int64(0)}}, []any{map[string]any{"__starstar": int64(0)}}, nil},
		{"plain struct", []any{map[string]any{"strict": true}}, []any{map[string]any{"strict": true}}, nil},
	}
	before := maps.Clone(named)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			positional, named := xmlrpc.Kwargs(slices.Clone(c.params))
			if diff := cmp.Diff(c.wantPositional, positional); diff != "" {
				t.Errorf("positional differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.wantNamed, named); diff != "" {
				t.Errorf("named differs (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(before, named); diff != "" {
		t.Errorf("the caller's struct was changed:\n%s", diff)
	}
}
