package xmlrpc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

// seeds adds the recorded documents and some with the rarer parts of XML.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no recorded documents (%v)", err)
	}
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	for _, inside := range []string{
		"<ex:nil a='1' b=\"&lt;\"/>", "x<!-- c -->y", "<string>a<![CDATA[<b>\r\n]]>&#13;\r\n</string>", "<array/>", "<struct><member><name/><value/></member></struct>",
		"&#x1F600;\xe6\xbc\xa2", "<i8>-9223372036854775808</i8>", "<double>1e308</double>", "<base64>aGk=</base64>", "<dateTime.iso8601>2026-01-22T06:18:48Z</dateTime.iso8601>",
		strings.Repeat("<array><data><value>", 50),
	} {
		f.Add(response(inside))
		f.Add(bytes.ReplaceAll(bytes.ReplaceAll(response(inside), []byte("<methodResponse>"), []byte("<methodCall><methodName>m</methodName>")), []byte("/methodResponse"), []byte("/methodCall")))
	}
}

var fuzzLimits = xmlrpc.Limits{MaxBytes: 1 << 16}

// checkError fails for errors that a document in memory can't cause.
func checkError(t *testing.T, err error, size int) {
	t.Helper()
	var syntax *xmlrpc.SyntaxError
	var misfit *xmlrpc.TypeError
	var fault xmlrpc.Fault
	switch {
	case errors.As(err, &syntax):
		if syntax.Offset < 0 || syntax.Offset > int64(size) || syntax.Reason == "" {
			t.Fatalf("%v is outside of a document of %d bytes", err, size)
		}
	case errors.As(err, &misfit), errors.As(err, &fault), errors.Is(err, xmlrpc.ErrTooLong):
	default:
		t.Fatalf("%T is no error of a document: %v", err, err)
	}
}

// sameError compares the texts of errors.
func sameError(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error()
}

// FuzzDecodeCall: no panic, memory bounded by the length, the same outcome
// however the bytes come, and what was read can be written and read again.
func FuzzDecodeCall(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 1<<16 {
			return
		}
		before := bytes.Clone(doc)
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		method, params, err := xmlrpc.UnmarshalCall(doc)
		runtime.ReadMemStats(&end)
		// Other goroutines of the test count too: hence the generous constant.
		if used := end.TotalAlloc - start.TotalAlloc; used > 1<<21+uint64(len(doc))*64 {
			t.Errorf("%d bytes of memory for %d bytes of document", used, len(doc))
		}
		if !bytes.Equal(before, doc) {
			t.Fatal("the document was written to")
		}
		method2, params2, err2 := xmlrpc.NewDecoder(iotest.OneByteReader(bytes.NewReader(doc)), fuzzLimits).Call()
		if !sameError(err, err2) {
			t.Fatalf("as a whole: %v, byte a time: %v", err, err2)
		}
		if err != nil {
			checkError(t, err, len(doc))
			return
		}
		if diff := cmp.Diff(params, params2); method != method2 || diff != "" {
			t.Fatalf("values differ (-whole +byte a time):\n%s", diff)
		}
		again, err := xmlrpc.MarshalCall(method, params...)
		if err != nil {
			t.Fatal(err)
		}
		method3, params3, err := xmlrpc.UnmarshalCall(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(params, params3, seconds()); method != method3 || diff != "" {
			t.Fatalf("values differ (-read +read again):\n%s", diff)
		}
	})
}

// seconds compares moments as far as dateTime.iso8601 holds them.
func seconds() cmp.Option {
	return cmp.Comparer(func(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) })
}

// FuzzDecodeResponse: the same for responses, and typed reading doesn't panic,
// and succeeds only for documents that untyped reading accepts.
func FuzzDecodeResponse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 1<<16 {
			return
		}
		var whole, pieces any
		err := xmlrpc.UnmarshalResponse(doc, &whole)
		err2 := xmlrpc.NewDecoder(iotest.HalfReader(bytes.NewReader(doc)), fuzzLimits).Response(&pieces)
		if !sameError(err, err2) {
			t.Fatalf("as a whole: %v, in pieces: %v", err, err2)
		}
		for _, target := range []any{new([]wide), new(wide), new(map[string][]any), new(map[int]*float64), new([]shared), new(string), new([]byte), new(moment), new(bool)} {
			typedErr := xmlrpc.UnmarshalResponse(doc, target)
			if typedErr == nil && err != nil {
				// What nobody wants isn't read as a number: that may be the difference.
				if skipErr := xmlrpc.UnmarshalResponse(doc, nil); skipErr != nil {
					t.Fatalf("read into %T, but not untyped: %v", target, err)
				}
			}
		}
		if err != nil {
			checkError(t, err, len(doc))
			return
		}
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Fatalf("values differ (-whole +pieces):\n%s", diff)
		}
		if err := xmlrpc.UnmarshalResponse(doc, nil); err != nil {
			t.Fatalf("skip what could be read: %v", err)
		}
	})
}

// FuzzRoundTrip makes a value of the bytes, writes it and reads it back.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("\x07\x03\x04abcd\x02\x00\x00\x00\x00\x00\x00\xf0\x3f\x08\x02\x01k\x05\x02xy\x01z\x00"))
	f.Add([]byte("\x03\x06a\r\n<&\x01"))
	f.Fuzz(func(t *testing.T, seed []byte) {
		want := grow(&seed, 0)
		doc, err := xmlrpc.MarshalResponse(want)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(doc) {
			t.Fatal("the document isn't UTF-8")
		}
		var got any
		if err := xmlrpc.NewDecoder(iotest.HalfReader(bytes.NewReader(doc)), xmlrpc.Limits{MaxBytes: int64(len(doc))}).Response(&got); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if diff := cmp.Diff(safe(want), got); diff != "" {
			t.Fatalf("value differs (-written +read):\n%s", diff)
		}
	})
}

// grow makes a value of the first bytes of a seed.
func grow(seed *[]byte, depth int) any {
	take := func(n int) []byte {
		n = min(n, len(*seed))
		b := (*seed)[:n]
		*seed = (*seed)[n:]
		return b
	}
	number := func() uint64 {
		var b [8]byte
		copy(b[:], take(8))
		return binary.LittleEndian.Uint64(b[:])
	}
	count := func() int { return int(append(take(1), 0)[0]) }
	switch kind := count(); {
	case kind == 1:
		return int64(number()) >> (number() % 64)
	case kind == 2:
		if f := math.Float64frombits(number()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return 0.5
	case kind == 3:
		return string(take(count()))
	case kind == 4:
		return kind%2 == 0
	case kind == 5:
		return bytes.Clone(append([]byte{}, take(count())...))
	case kind == 6:
		return time.Unix(int64(number()%(1<<37)), 0).UTC()
	case kind == 7 && depth < 90:
		list := []any{}
		for n := count(); n > 0 && len(*seed) > 0; n-- {
			list = append(list, grow(seed, depth+1))
		}
		return list
	case kind == 8 && depth < 90:
		object := map[string]any{}
		for n := count(); n > 0 && len(*seed) > 0; n-- {
			key := strings.ToValidUTF8(string(take(count()%9)), "")
			object[safe(key).(string)] = grow(seed, depth+1)
		}
		return object
	}
	return nil
}

// safe is the value as it can travel.
func safe(v any) any {
	switch v := v.(type) {
	case string:
		var b strings.Builder
		for _, r := range v { // invalid bytes come as U+FFFD
			switch {
			case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
				r = utf8.RuneError
			}
			b.WriteRune(r)
		}
		return b.String()
	case []any:
		for i := range v {
			v[i] = safe(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = safe(v[k])
		}
	}
	return v
}
