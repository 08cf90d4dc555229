package rpmfile_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"koji/internal/rpmfile"
)

// entry is one tag of a header made by hand; a zero offset and count are worked out.
type entry struct {
	tag, kind, count uint32
	data             []byte
}

func header(entries ...entry) []byte {
	var index, data []byte
	for _, e := range entries {
		for e.kind >= 3 && e.kind <= 5 && len(data)%(1<<(e.kind-2)) != 0 {
			data = append(data, 0)
		}
		for _, n := range []uint32{e.tag, e.kind, uint32(len(data)), e.count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
		data = append(data, e.data...)
	}
	return append(rawHeader(uint32(len(entries)), uint32(len(data))), append(index, data...)...)
}

func rawHeader(entries, size uint32) []byte {
	h := []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(h, entries), size)
}

func str(tag uint32, s string) entry { return entry{tag, 6, 1, append([]byte(s), 0)} }

func strs(tag uint32, list ...string) entry {
	return entry{tag, 8, uint32(len(list)), []byte(strings.Join(list, "\x00") + "\x00")}
}

func ints(tag uint32, list ...uint32) entry {
	var data []byte
	for _, n := range list {
		data = binary.BigEndian.AppendUint32(data, n)
	}
	return entry{tag, 4, uint32(len(list)), data}
}

func lead() []byte { return append([]byte{0xed, 0xab, 0xee, 0xdb, 3, 0}, make([]byte, 90)...) }

// rpm puts a header behind a lead and a signature header.
func rpm(head []byte) []byte {
	file := append(lead(), header(str(269+1000, "x"))...)
	file = append(file, make([]byte, (8-len(file)%8)%8)...)
	return append(file, head...)
}

func named(more ...entry) []entry {
	return append([]entry{str(1000, "a"), str(1001, "1"), str(1002, "2"), str(1022, "noarch"), str(1044, "a-1-2.src.rpm")}, more...)
}

func TestReadRefusesHostileHeaders(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                 {nil, "truncated in the lead"},
		"text":                  {[]byte(strings.Repeat("not an rpm ", 20)), "no lead"},
		"huge signature header": {append(lead(), rawHeader(1, 1<<31)...), "at most"},
		"huge header":           {rpm(rawHeader(1, 1<<31)), "at most"},
		"many tags":             {rpm(rawHeader(0x10000001, 16)), "at most"},
		"no tags":               {rpm(rawHeader(0, 0)), "at most"},
		"claims more than sent": {rpm(rawHeader(3, 1<<20)), "truncated in the header"},
		"count beyond data":     {rpm(header(entry{1000, 4, 1 << 30, []byte{1, 2, 3, 4}})), "values"},
		"negative count":        {rpm(header(entry{1000, 8, 0xffffffff, []byte("a\x00")})), "values"},
		"no end of string":      {rpm(header(entry{1000, 6, 1, []byte("abc")})), "do not fit"},
		"unknown type":          {rpm(header(entry{1000, 77, 1, []byte("abc\x00")})), "do not fit"},
		"shared data":           {rpm(shared()), "share data"},
		"name is a number":      {rpm(header(ints(1000, 7))), "tag 1000"},
		"no name":               {rpm(header(str(1001, "1"), str(1044, "s"))), "no name"},
		"name is a path":        {rpm(header(append([]entry{str(1000, "../../etc")}, named()[1:]...)...)), "not allowed"},
		"version is a path":     {rpm(header(append([]entry{str(1000, "a"), str(1001, "1/2")}, named()[2:]...)...)), "not allowed"},
		"dash in release":       {rpm(header(append([]entry{str(1000, "a"), str(1001, "1"), str(1002, "1-2")}, named()[3:]...)...)), "not allowed"},
		"long name":             {rpm(header(append([]entry{str(1000, long)}, named()[1:]...)...)), "too long"},
		"directory index":       {rpm(header(named(strs(1117, "f"), strs(1118, "/"), ints(1116, 9))...)), "out of range"},
		"uneven files":          {rpm(header(named(strs(1117, "f", "g"), strs(1118, "/"), ints(1116, 0))...)), "differ in length"},
		"uneven deps":           {rpm(header(named(strs(1049, "x", "y"), ints(1048, 0), strs(1050, "", ""))...)), "differ in length"},
		"uneven changelog":      {rpm(header(named(ints(1080, 5), strs(1081, "x", "y"), strs(1082, "z"))...)), "differ in length"},
		"long path":             {rpm(header(named(strs(1117, "f"), strs(1118, "/"+long), ints(1116, 0))...)), "too long"},
		"paths without end":     {rpm(bomb()), "too long"},
		"other header, SHA-256": {append(signed(273, strings.Repeat("0", 64)), header(named()...)...), "SHA-256"},
		"other header, SHA-1":   {append(signed(269, strings.Repeat("0", 40)), header(named()...)...), "SHA-1"},
		"digest is a number": {
			append(append(lead(), padded(header(ints(273, 7)))...), header(named()...)...), "tag 273",
		},
		"short SIGMD5": {
			append(append(lead(), padded(header(entry{1004, 7, 3, []byte("abc")}))...), header(named()...)...), "SIGMD5",
		},
		"signature without a key": {
			append(append(lead(), padded(header(entry{268, 7, 3, []byte("abc")}))...), header(named()...)...), "OpenPGP",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := rpmfile.Read(bytes.NewReader(c.data))
			if !errors.Is(err, rpmfile.ErrNotRPM) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("error %v, want ErrNotRPM with %q", err, c.want)
			}
		})
	}
}

// signed is what stands before a header that has this digest.
func signed(tag uint32, digest string) []byte {
	return append(lead(), padded(header(str(tag, digest)))...)
}

func TestReadComparesTheHeaderWithItsDigest(t *testing.T) {
	t.Parallel()
	head := header(named()...)
	for tag, digest := range map[uint32]string{273: fmt.Sprintf("%x", sha256.Sum256(head)), 269: fmt.Sprintf("%x", sha1.Sum(head))} {
		if _, err := rpmfile.Read(bytes.NewReader(append(signed(tag, digest), head...))); err != nil {
			t.Errorf("with the right digest in tag %d: %v", tag, err)
		}
	}
}

func padded(b []byte) []byte { return append(b, make([]byte, (8-len(b)%8)%8)...) }

// shared has many tags that all point at one large text.
func shared() []byte {
	text := append(bytes.Repeat([]byte("x"), 1<<16), 0)
	h := rawHeader(1000, uint32(len(text)))
	for i := range uint32(1000) {
		for _, n := range []uint32{2000 + i, 6, 0, 1} {
			h = binary.BigEndian.AppendUint32(h, n)
		}
	}
	return append(h, text...)
}

// bomb names a hundred thousand files in one directory with a long name: a small
// header that says 400 MB of paths.
func bomb() []byte {
	const n = 100_000
	bases, index := make([]string, n), make([]uint32, n)
	return header(named(strs(1117, bases...), strs(1118, "/"+strings.Repeat("d", 4000)), ints(1116, index...))...)
}

func TestHandMadeHeaderIsRead(t *testing.T) {
	t.Parallel()
	h, err := rpmfile.Read(bytes.NewReader(rpm(header(named(str(1004, "Pr\xfcfung"), ints(1003, 4), strs(1047, "a"), strs(1117, "f"), strs(1118, "/usr/"), ints(1116, 0))...))))
	if err != nil {
		t.Fatal(err)
	}
	if h.Summary != "Prüfung" || h.Epoch == nil || *h.Epoch != 4 || len(h.Files) != 1 || h.Files[0].Name != "/usr/f" || h.Source {
		t.Errorf("read %+v", h)
	}
}

// A file that claims 64 MiB and ends at once must not cost that much.
func TestClaimedSizeCostsNoMemory(t *testing.T) {
	data := rpm(rawHeader(1, 64<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := rpmfile.Read(bytes.NewReader(data)); err == nil {
		t.Fatal("truncated header was read")
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("%d bytes were allocated", spent)
	}
}
