package conformance

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
)

// A transcript wants small rpms of names that are new for each replay. They are
// made here as the recorder made them, so that sizes are the same.

// Types of header entries.
const (
	rpmInt16  = 3
	rpmInt32  = 4
	rpmString = 6
	rpmBinary = 7
	rpmArray  = 8
	rpmI18N   = 9
)

// rpmEntry is a tag of a header: string, []string, []uint16, []uint32 or []byte.
type rpmEntry struct {
	tag, kind uint32
	value     any
}

// encode gives the bytes of a value, how many it counts as, and its alignment.
func (e rpmEntry) encode() (data []byte, count, align int) {
	switch v := e.value.(type) {
	case string:
		return append([]byte(v), 0), 1, 1
	case []string:
		return []byte(strings.Join(v, "\x00") + "\x00"), len(v), 1
	case []byte:
		return v, len(v), 1
	case []uint16:
		for _, n := range v {
			data = binary.BigEndian.AppendUint16(data, n)
		}
		return data, len(v), 2
	case []uint32:
		for _, n := range v {
			data = binary.BigEndian.AppendUint32(data, n)
		}
		return data, len(v), 4
	}
	panic(fmt.Sprintf("tag %d holds a %T", e.tag, e.value))
}

// rpmHeader is a header whose region tag covers all of it.
func rpmHeader(entries []rpmEntry, region uint32) []byte {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b rpmEntry) int { return cmp.Compare(a.tag, b.tag) })
	var index, store []byte
	add := func(b []byte, words ...uint32) []byte {
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, w)
		}
		return b
	}
	for _, e := range entries {
		data, count, align := e.encode()
		for len(store)%align != 0 {
			store = append(store, 0)
		}
		index = add(index, e.tag, e.kind, uint32(len(store)), uint32(count))
		store = append(store, data...)
	}
	n := uint32(len(entries) + 1)
	index = append(add(nil, region, rpmBinary, uint32(len(store)), 16), index...)
	store = add(store, region, rpmBinary, -(16 * n), 16)
	head := add([]byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}, n, uint32(len(store)))
	return slices.Concat(head, index, store)
}

// cpio packs files of one content.
func cpio(names []string, content []byte) []byte {
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	one := func(inode, mode int, name string, data []byte) {
		b.WriteString("070701")
		for _, f := range []int{inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
			fmt.Fprintf(&b, "%08x", f)
		}
		b.WriteString(name + "\x00")
		pad()
		b.Write(data)
		pad()
	}
	for i, name := range names {
		one(i+1, 0o100644, name, content)
	}
	one(len(names)+1, 0, "TRAILER!!!", nil)
	return b.Bytes()
}

// sigMD5 is the digest of header and payload of an rpm.
func sigMD5(data []byte) string {
	entries, size := binary.BigEndian.Uint32(data[104:]), binary.BigEndian.Uint32(data[108:])
	size += 16 * entries
	sum := md5.Sum(data[112+size+-size%8:])
	return hex.EncodeToString(sum[:])
}

// rpmSpec is what a transcript says of an rpm.
type rpmSpec map[string]any

func (s rpmSpec) text(key, otherwise string) string {
	if v, ok := s[key].(string); ok {
		return v
	}
	return otherwise
}

func (s rpmSpec) texts(key string) []string {
	list, _ := s[key].([]any)
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func (s rpmSpec) number(key string, otherwise int64) int64 {
	if v, ok := s[key].(int64); ok {
		return v
	}
	return otherwise
}

// repeat is a list of n times the same.
func repeat[T any](v T, n int) []T { return slices.Repeat([]T{v}, n) }

// makeRPM makes an rpm: name, version (1.0), release (1), arch (noarch; src for
// a source rpm), epoch, source, summary, provides, requires, buildtime, sigkey
// (16 hex digits: signed by that key, with a signature of no meaning), files, extra.
func makeRPM(what map[string]any) ([]byte, error) {
	s := rpmSpec(what)
	name, version, release, arch := s.text("name", ""), s.text("version", "1.0"), s.text("release", "1"), s.text("arch", "noarch")
	src := arch == "src"
	machine := arch
	if src {
		machine = "noarch"
	}
	files := s.texts("files")
	if _, given := s["files"].([]any); !given {
		files = []string{"/usr/share/" + name + "/data"}
		if src {
			files = []string{name + ".spec"}
		}
	}
	content := fmt.Appendf(nil, "content of %s %s\n", name, s.text("extra", ""))
	built := uint32(s.number("buildtime", 1700000000))
	inside := slices.Clone(files)
	if !src {
		for i := range inside {
			inside[i] = "." + inside[i]
		}
	}
	body := cpio(inside, content)
	var payload bytes.Buffer
	zip, err := gzip.NewWriterLevel(&payload, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(body); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	header := rpmHeader(slices.Concat(mainTags(s, name, version, release, machine, src, built, len(content)*len(files)), fileTags(files, content, built)), 63)

	whole := slices.Concat(header, payload.Bytes())
	sum5, sum1 := md5.Sum(whole), sha1.Sum(header)
	sig := []rpmEntry{
		{1000, rpmInt32, []uint32{uint32(len(whole))}},
		{1004, rpmBinary, sum5[:]},
		{1007, rpmInt32, []uint32{uint32(len(body))}},
		{269, rpmString, hex.EncodeToString(sum1[:])},
	}
	if key := s.text("sigkey", ""); key != "" {
		packet, err := signaturePacket(key, built)
		if err != nil {
			return nil, err
		}
		sig = append(sig, rpmEntry{1005, rpmBinary, packet})
	}
	signature := rpmHeader(sig, 62)
	for len(signature)%8 != 0 {
		signature = append(signature, 0)
	}
	return slices.Concat(rpmLead(name+"-"+version+"-"+release, machine, src), signature, whole), nil
}

func mainTags(s rpmSpec, name, version, release, machine string, src bool, built uint32, size int) []rpmEntry {
	h := []rpmEntry{
		{1000, rpmString, name},
		{1001, rpmString, version},
		{1002, rpmString, release},
		{1004, rpmI18N, s.text("summary", "A small package")},
		{1005, rpmI18N, "Made for a test."},
		{1006, rpmInt32, []uint32{built}},
		{1007, rpmString, "build.example.com"},
		{1009, rpmInt32, []uint32{uint32(size)}},
		{1014, rpmString, "Public Domain"},
		{1016, rpmI18N, "Unspecified"},
		{1020, rpmString, "http://www.example.com/"},
		{1021, rpmString, "linux"},
		{1022, rpmString, machine},
		{1064, rpmString, "4.18.0"},
		{1124, rpmString, "cpio"},
		{1125, rpmString, "gzip"},
		{1126, rpmString, "9"},
		{100, rpmArray, []string{"C"}},
	}
	if epoch, ok := s["epoch"].(int64); ok {
		h = append(h, rpmEntry{1003, rpmInt32, []uint32{uint32(epoch)}})
	}
	if src {
		h = append(h, rpmEntry{1106, rpmInt32, []uint32{1}}, rpmEntry{1089, rpmArray, []string{"noarch"}})
	} else {
		provides := append([]string{name}, s.texts("provides")...)
		flags, versions := make([]uint32, len(provides)), make([]string, len(provides))
		flags[0], versions[0] = 8, version+"-"+release
		h = append(h, rpmEntry{1044, rpmString, s.text("source", name+"-"+version+"-"+release+".src.rpm")},
			rpmEntry{1047, rpmArray, provides}, rpmEntry{1112, rpmInt32, flags}, rpmEntry{1113, rpmArray, versions})
	}
	if requires := s.texts("requires"); len(requires) > 0 {
		n := len(requires)
		h = append(h, rpmEntry{1049, rpmArray, requires}, rpmEntry{1048, rpmInt32, make([]uint32, n)}, rpmEntry{1050, rpmArray, make([]string, n)})
	}
	return h
}

func fileTags(files []string, content []byte, built uint32) []rpmEntry {
	n := len(files)
	if n == 0 {
		return nil
	}
	var dirs []string
	for _, f := range files {
		dir, _ := path.Split(f)
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	var bases []string
	var at, inodes []uint32
	for i, f := range files {
		dir, base := path.Split(f)
		bases, at, inodes = append(bases, base), append(at, uint32(slices.Index(dirs, dir))), append(inodes, uint32(i+1))
	}
	sum := md5.Sum(content)
	return []rpmEntry{
		{1028, rpmInt32, repeat(uint32(len(content)), n)},
		{1030, rpmInt16, repeat(uint16(0o100644), n)},
		{1033, rpmInt16, make([]uint16, n)},
		{1034, rpmInt32, repeat(built, n)},
		{1035, rpmArray, repeat(hex.EncodeToString(sum[:]), n)},
		{1036, rpmArray, make([]string, n)},
		{1037, rpmInt32, make([]uint32, n)},
		{1039, rpmArray, repeat("root", n)},
		{1040, rpmArray, repeat("root", n)},
		{1045, rpmInt32, repeat(uint32(0xffffffff), n)},
		{1095, rpmInt32, repeat(uint32(1), n)},
		{1096, rpmInt32, inodes},
		{1097, rpmArray, make([]string, n)},
		{1116, rpmInt32, at},
		{1117, rpmArray, bases},
		{1118, rpmArray, dirs},
	}
}

// signaturePacket is an OpenPGP signature of version 4 with the time and the
// issuer, and a number of no meaning.
func signaturePacket(key string, built uint32) ([]byte, error) {
	id, err := hex.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", key, err)
	}
	hashed := binary.BigEndian.AppendUint32([]byte{5, 2}, built)
	issuer := append([]byte{9, 0x10}, id...)
	packet := binary.BigEndian.AppendUint16([]byte{4, 0, 1, 8}, uint16(len(hashed)))
	packet = binary.BigEndian.AppendUint16(append(packet, hashed...), uint16(len(issuer)))
	packet = append(append(packet, issuer...), 0x12, 0x34, 0, 0x10, 0xab, 0xcd)
	return append(binary.BigEndian.AppendUint16([]byte{0x89}, uint16(len(packet))), packet...), nil
}

func rpmLead(nvr, machine string, src bool) []byte {
	lead := []byte{0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1}
	if src {
		lead[7] = 1
	}
	name := make([]byte, 66)
	copy(name[:65], nvr)
	lead = append(append(lead, name...), 0, 1, 0, 5)
	return append(lead, make([]byte, 16)...)
}
