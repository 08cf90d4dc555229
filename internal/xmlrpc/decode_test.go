package xmlrpc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

// response makes a document of what is inside of <value>.
func response(inside string) []byte {
	return []byte("<?xml version='1.0'?><methodResponse><params><param><value>" + inside + "</value></param></params></methodResponse>")
}

func TestDecodeUntyped(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 1, 22, 6, 18, 48, 0, time.UTC)
	cases := []struct {
		name, inside string
		want         any
	}{
		{"nil", "<nil/>", nil},
		{"nil as a pair", "<nil></nil>", nil},
		{"nil with a prefix", `<ex:nil xmlns:ex="http://example.com/x&amp;y"/>`, nil},
		{"int", "<int>-7</int>", int64(-7)},
		{"i1", "<i1>+7</i1>", int64(7)},
		{"i2", "<i2>007</i2>", int64(7)},
		{"i4", "<i4>\n 7 </i4>", int64(7)},
		{"i8", "<i8>9223372036854775807</i8>", int64(9223372036854775807)},
		{"least i8", "<i8>-9223372036854775808</i8>", int64(-9223372036854775808)},
		{"biginteger", "<biginteger>12</biginteger>", int64(12)},
		{"double", "<double>1.5</double>", 1.5},
		{"float", "<float>-1e3</float>", -1000.0},
		{"bigdecimal", "<bigdecimal>0.25</bigdecimal>", 0.25},
		{"true", "<boolean>1</boolean>", true},
		{"false", "<boolean>0</boolean>", false},
		{"string", "<string>a</string>", "a"},
		{"empty string", "<string/>", ""},
		{"text", " a\n", " a\n"},
		{"empty value", "", ""},
		{"white value", " \n\t", " \n\t"},
		{"type between white space", "\n <int>1</int>\n ", int64(1)},
		{"references", "<string>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;&#13;</string>", "<>&\"'AB😀\r"},
		{"line ends", "<string>a\r\nb\rc\n</string>", "a\nb\nc\n"},
		{"comments", "<!-- a > b - c --><string>x<!-- < & -->y</string><!---->", "xy"},
		{"comment in text", "x<!-- c -->y", "xy"},
		{"cdata", "<string>a<![CDATA[<b>&amp;\r\n]]]]><![CDATA[>]]></string>", "a<b>&amp;\n]]>"},
		{"brackets", "<string>a]b]]c]</string>", "a]b]]c]"},
		{"attributes", `<string a="1" b = '>"é'>x</string >`, "x"},
		{"wide characters", "<string>é漢😀\u0085\uFFFD</string>", "é漢😀\u0085\uFFFD"},
		{"base64", "<base64> aGVs\n\tbG8= </base64>", []byte("hello")},
		{"empty base64", "<base64/>", []byte{}},
		{"dateTime", "<dateTime.iso8601>20260122T06:18:48</dateTime.iso8601>", day},
		{"dateTime with hyphens", "<dateTime.iso8601>2026-01-22T06:18:48Z</dateTime.iso8601>", day},
		{"dateTime with an offset", "<dateTime.iso8601>20260122T07:18:48.5+01:00</dateTime.iso8601>", day.Add(time.Second / 2)},
		{"array", "<array><data><value>a</value> <value><int>1</int></value></data></array>", []any{"a", int64(1)}},
		{"empty array", "<array><data/></array>", []any{}},
		{"array without data", "<array></array>", []any{}},
		{"bare array", "<array/>", []any{}},
		{"struct", "<struct><member><name>a</name><value>1</value></member><member><name/><value/></member></struct>", map[string]any{"a": "1", "": ""}},
		{"empty struct", "<struct/>", map[string]any{}},
		{"last member wins", "<struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct>", map[string]any{"a": "2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc := response(c.inside)
			before := bytes.Clone(doc)
			for _, r := range []io.Reader{bytes.NewReader(doc), iotest.OneByteReader(bytes.NewReader(doc)), iotest.HalfReader(bytes.NewReader(doc))} {
				var got any
				if err := xmlrpc.NewDecoder(r, xmlrpc.Limits{}).Response(&got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("value differs (-want +got):\n%s", diff)
				}
			}
			var got any
			if err := xmlrpc.UnmarshalResponse(doc, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("value differs (-want +got):\n%s", diff)
			}
			if err := xmlrpc.UnmarshalResponse(doc, nil); err != nil {
				t.Errorf("skip: %v", err)
			}
			if !bytes.Equal(before, doc) {
				t.Error("the document was written to")
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const head = "<?xml version='1.0'?><methodResponse><params><param><value>"
	at := int64(len(head))
	cases := []struct {
		name   string
		inside string
		want   xmlrpc.SyntaxError
	}{
		{"control character", "<string>a\x01</string>", xmlrpc.SyntaxError{Offset: at + 9, Reason: "the control character 0x1 isn't allowed in XML"}},
		{"invalid UTF-8", "ab\xffc", xmlrpc.SyntaxError{Offset: at + 2, Reason: "the text isn't UTF-8"}},
		{"cut character", "<string>\xe6\xbc</string>", xmlrpc.SyntaxError{Offset: at + 8, Reason: "the text isn't UTF-8"}},
		{"surrogate", "\xed\xa0\x80", xmlrpc.SyntaxError{Offset: at, Reason: "the text isn't UTF-8"}},
		{"noncharacter", "\uFFFE", xmlrpc.SyntaxError{Offset: at, Reason: "the character U+FFFE isn't allowed in XML"}},
		{"reference to a control character", "&#0;", xmlrpc.SyntaxError{Offset: at, Reason: "&#0; isn't allowed in XML"}},
		{"reference to a surrogate", "&#xD800;", xmlrpc.SyntaxError{Offset: at, Reason: "&#xD800; isn't allowed in XML"}},
		{"reference beyond Unicode", "&#x110000;", xmlrpc.SyntaxError{Offset: at, Reason: "&#x110000; isn't allowed in XML"}},
		{"reference without digits", "&#;", xmlrpc.SyntaxError{Offset: at, Reason: "&#; isn't a character reference"}},
		{"unknown entity", "&nbsp;", xmlrpc.SyntaxError{Offset: at, Reason: `the entity "nbsp" isn't known`}},
		{"bare ampersand", "a & b", xmlrpc.SyntaxError{Offset: at + 2, Reason: "& doesn't begin a reference"}},
		{"end of CDATA in text", "a]]>", xmlrpc.SyntaxError{Offset: at + 1, Reason: "]]> isn't allowed in text"}},
		{"control character in CDATA", "<![CDATA[\x02]]>", xmlrpc.SyntaxError{Offset: at + 9, Reason: "the control character 0x2 isn't allowed in XML"}},
		{"hyphens in a comment", "<!-- a -- b -->", xmlrpc.SyntaxError{Offset: at + 7, Reason: "-- isn't allowed in a comment"}},
		{"control character in a comment", "<!--\x02-->", xmlrpc.SyntaxError{Offset: at + 4, Reason: "the control character 0x2 isn't allowed in XML"}},
		{"processing instruction", "<int>1</int><?php ?>", xmlrpc.SyntaxError{Offset: at + 12, Reason: "a processing instruction isn't allowed here"}},
		{"unknown type", "<complex>1</complex>", xmlrpc.SyntaxError{Offset: at, Reason: "there is no element <complex> in XML-RPC"}},
		{"prefix of a struct", "<ex:struct/>", xmlrpc.SyntaxError{Offset: at, Reason: "there is no element <ex:struct> in XML-RPC"}},
		{"other end tag", "<i4>1</int>", xmlrpc.SyntaxError{Offset: at + 5, Reason: "</int> doesn't end <i4>"}},
		{"value in a value", "<value/>", xmlrpc.SyntaxError{Offset: at + 8, Reason: "<value> stands where a type belongs"}},
		{"text and type", "a<int>1</int>", xmlrpc.SyntaxError{Offset: at + 1, Reason: "a value has both text and a type"}},
		{"type and text", "<int>1</int>a", xmlrpc.SyntaxError{Offset: at + 12, Reason: "there is text where a tag belongs"}},
		{"two types", "<int>1</int><int>1</int>", xmlrpc.SyntaxError{Offset: at + 17, Reason: "<int> stands where </value> belongs"}},
		{"no digits", "<int></int>", xmlrpc.SyntaxError{Offset: at + 5, Reason: `"" is no integer`}},
		{"sign alone", "<int>-</int>", xmlrpc.SyntaxError{Offset: at + 6, Reason: `"-" is no integer`}},
		{"fraction", "<int>1.0</int>", xmlrpc.SyntaxError{Offset: at + 8, Reason: `"1.0" is no integer`}},
		{"beyond 64 bits", "<i8>9223372036854775808</i8>", xmlrpc.SyntaxError{Offset: at + 23, Reason: "9223372036854775808 is beyond 64 bits"}},
		{"far beyond 64 bits", "<i8>-99999999999999999999999</i8>", xmlrpc.SyntaxError{Offset: at + 28, Reason: "-99999999999999999999999 is beyond 64 bits"}},
		{"too many digits", "<i8>" + strings.Repeat("1", 41) + "</i8>", xmlrpc.SyntaxError{Offset: at + 45, Reason: "a number has more than 40 digits"}},
		{"infinity", "<double>inf</double>", xmlrpc.SyntaxError{Offset: at + 11, Reason: `"inf" is no number`}},
		{"not a number", "<double>nan</double>", xmlrpc.SyntaxError{Offset: at + 11, Reason: `"nan" is no number`}},
		{"hexadecimal", "<double>0x1p4</double>", xmlrpc.SyntaxError{Offset: at + 13, Reason: `"0x1p4" is no number`}},
		{"beyond a double", "<double>1e999</double>", xmlrpc.SyntaxError{Offset: at + 13, Reason: "1e999 is beyond a double"}},
		{"bad boolean", "<boolean>true</boolean>", xmlrpc.SyntaxError{Offset: at + 13, Reason: `"true" is neither 0 nor 1`}},
		{"bad base64", "<base64>a*b=</base64>", xmlrpc.SyntaxError{Offset: at + 12, Reason: "the text isn't base64"}},
		{"bad dateTime", "<dateTime.iso8601>today</dateTime.iso8601>", xmlrpc.SyntaxError{Offset: at + 23, Reason: `"today" is no dateTime`}},
		{"nil with text", "<nil>x</nil>", xmlrpc.SyntaxError{Offset: at + 6, Reason: "nil has text"}},
		{"attribute twice", `<nil a="" a=""/>`, xmlrpc.SyntaxError{Offset: at + 14, Reason: `the attribute "a" comes twice`}},
		{"attribute without quotes", `<nil a=1/>`, xmlrpc.SyntaxError{Offset: at + 7, Reason: `the attribute "a" has no quoted value`}},
		{"less-than in an attribute", `<nil a="<"/>`, xmlrpc.SyntaxError{Offset: at + 8, Reason: "< isn't allowed in an attribute"}},
		{"attributes without space", `<nil a=""b=""/>`, xmlrpc.SyntaxError{Offset: at + 9, Reason: "a tag isn't well formed"}},
		{"member without a value", "<struct><member><name>a</name></member></struct>", xmlrpc.SyntaxError{Offset: at + 39, Reason: "</member> stands where <value> belongs"}},
		{"deep", strings.Repeat("<array><data><value>", 101), xmlrpc.SyntaxError{Offset: at + 2007, Reason: "values nest deeper than 100"}},
		{"space before a name", "< int>1</int>", xmlrpc.SyntaxError{Offset: at, Reason: "< doesn't begin a tag"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{
				"whole":       bytes.NewReader(response(c.inside)),
				"byte a time": iotest.OneByteReader(bytes.NewReader(response(c.inside))),
			} {
				var got any
				err := xmlrpc.NewDecoder(r, xmlrpc.Limits{}).Response(&got)
				var syntax *xmlrpc.SyntaxError
				if !errors.As(err, &syntax) {
					t.Fatalf("%s: %v is no SyntaxError", name, err)
				}
				if diff := cmp.Diff(&c.want, syntax); diff != "" {
					t.Errorf("%s: error differs (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestDecodeCutDocument(t *testing.T) {
	t.Parallel()
	doc, err := xmlrpc.MarshalCall("m", everything()...)
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.TrimRight(doc, "\n")
	for n := range doc {
		_, _, err := xmlrpc.UnmarshalCall(doc[:n])
		var syntax *xmlrpc.SyntaxError
		if !errors.As(err, &syntax) {
			t.Fatalf("cut at %d: %v is no SyntaxError", n, err)
		}
	}
}

func TestDecodeLimits(t *testing.T) {
	t.Parallel()
	doc := response("<array><data><value>a</value><value><array><data/></array></value><value><int>12345</int></value></data></array>")
	size := int64(len(doc))
	cases := []struct {
		name   string
		limits xmlrpc.Limits
		want   string // "" for none
	}{
		{"all just met", xmlrpc.Limits{MaxBytes: size, MaxDepth: 2, MaxDigits: 5, MaxValues: 4}, ""},
		{"a byte too long", xmlrpc.Limits{MaxBytes: size - 1}, xmlrpc.ErrTooLong.Error()},
		{"far too long", xmlrpc.Limits{MaxBytes: 10}, xmlrpc.ErrTooLong.Error()},
		{"too deep", xmlrpc.Limits{MaxDepth: 1}, "values nest deeper than 1"},
		{"too many digits", xmlrpc.Limits{MaxDigits: 4}, "a number has more than 4 digits"},
		{"too many values", xmlrpc.Limits{MaxValues: 3}, "there are more than 3 values"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v any
			err := xmlrpc.NewDecoder(bytes.NewReader(doc), c.limits).Response(&v)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)):
				t.Errorf("error is %v, want %s", err, c.want)
			}
			if strings.Contains(c.name, "too long") && !errors.Is(err, xmlrpc.ErrTooLong) {
				t.Errorf("%v is not ErrTooLong", err)
			}
		})
	}
}

func TestDecodeDoesNotReadFarBeyondTheLimit(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("<methodCall><methodName>"), zeros('a'))
	counted := &counter{r: endless}
	_, _, err := xmlrpc.NewDecoder(counted, xmlrpc.Limits{MaxBytes: 1 << 20}).Call()
	if !errors.Is(err, xmlrpc.ErrTooLong) {
		t.Fatalf("error is %v, want ErrTooLong", err)
	}
	if counted.n != 1<<20+1 {
		t.Errorf("%d bytes were read, want a byte more than the limit", counted.n)
	}
}

// zeros is an endless run of one byte.
type zeros byte

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(z)
	}
	return len(p), nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func TestDecodeReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	doc := response("<int>1</int>")
	for n := range doc {
		r := io.MultiReader(bytes.NewReader(doc[:n]), iotest.ErrReader(broken))
		var v any
		if err := xmlrpc.NewDecoder(r, xmlrpc.Limits{}).Response(&v); !errors.Is(err, broken) {
			t.Fatalf("broken after %d bytes: error is %v", n, err)
		}
	}
}

func TestDecodeLongTextAcrossWindows(t *testing.T) {
	t.Parallel()
	// Specials at every distance from the edges of the window.
	text := strings.Repeat("0123456789abcde", 6000)
	for shift := range 40 {
		want := text[:4096-60+shift] + "é漢😀&<\r\r\n]]>" + text[:65536-shift] + "😀\r\n]]>" + text
		doc, err := xmlrpc.MarshalResponse(map[string]string{"k": want, "second": want[:200]})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := xmlrpc.NewDecoder(bytes.NewReader(doc), xmlrpc.Limits{}).Response(&got); err != nil {
			t.Fatal(err)
		}
		if got["k"] != want || got["second"] != want[:200] {
			t.Fatalf("shift %d: text differs", shift)
		}
	}
}

func ExampleDecoder_Call() {
	method, params, err := xmlrpc.UnmarshalCall([]byte(`<methodCall><methodName>getTag</methodName><params>
<param><value>f42</value></param>
<param><value><struct>
<member><name>__starstar</name><value><boolean>1</boolean></value></member>
<member><name>strict</name><value><boolean>1</boolean></value></member>
</struct></value></param></params></methodCall>`))
	positional, named := xmlrpc.Kwargs(params)
	fmt.Println(method, positional, named, err)
	// Output: getTag [f42] map[strict:true] <nil>
}
