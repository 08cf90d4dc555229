package rpmfile_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/rpmfile"
)

func TestSignature(t *testing.T) {
	t.Parallel()
	f := open(t, "testdata/confnoarch-1.0-2.noarch.signed.rpm")
	if f.Signature.Key != "d53d09b9" {
		t.Errorf("key %q", f.Signature.Key)
	}
	if f.Signature.Hash() != "8ddc2fb3c65c3e25609aab8aaf025c88" {
		t.Errorf("hash %s", f.Signature.Hash())
	}
	alone, err := rpmfile.ParseSignature(f.Signature.Header)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.Signature, alone); diff != "" {
		t.Errorf("read alone (-in file +alone):\n%s", diff)
	}
	for _, bad := range [][]byte{nil, []byte("text"), f.Signature.Header[:100], append(bytes.Clone(f.Signature.Header), 0)} {
		if _, err := rpmfile.ParseSignature(bad); !errors.Is(err, rpmfile.ErrNotRPM) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

func TestWriteSigned(t *testing.T) {
	t.Parallel()
	signed := golden(t, "testdata/confnoarch-1.0-2.noarch.signed.rpm")
	f := open(t, "testdata/confnoarch-1.0-2.noarch.signed.rpm")
	other := open(t, "testdata/confmulti-2.5-2.dist.x86_64.rpm")

	var bare, again bytes.Buffer
	if err := rpmfile.WriteSigned(&bare, bytes.NewReader(signed), other.Signature); err != nil {
		t.Fatal(err)
	}
	if bare.Len() != len(signed)-len(f.Signature.Header)+len(other.Signature.Header) {
		t.Errorf("%d bytes", bare.Len())
	}
	if err := rpmfile.WriteSigned(&again, &bare, f.Signature); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), signed) {
		t.Error("the signature put back gives another file")
	}
	if err := rpmfile.WriteSigned(&again, bytes.NewReader(signed[:150]), f.Signature); !errors.Is(err, rpmfile.ErrNotRPM) {
		t.Errorf("truncated rpm: %v", err)
	}
}

func TestKeyIDs(t *testing.T) {
	t.Parallel()
	id := []byte{1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef}
	v3 := slices.Concat([]byte{3, 5, 0, 0, 0, 0, 0}, id, []byte{1, 8, 0, 0})
	v4 := func(hashed, unhashed []byte) []byte {
		return slices.Concat([]byte{4, 0, 1, 8, 0, byte(len(hashed))}, hashed, []byte{0, byte(len(unhashed))}, unhashed, []byte{0, 0})
	}
	issuer := append([]byte{9, 16}, id...)
	print := slices.Concat([]byte{22, 33, 4}, make([]byte, 12), id)
	for name, body := range map[string][]byte{
		"version 3":               v3,
		"version 4":               v4(nil, issuer),
		"version 4, hashed":       v4(issuer, nil),
		"version 4, fingerprint":  v4(print, nil),
		"version 4, other before": v4(append([]byte{5, 2, 0, 0, 0, 0}, print...), issuer),
	} {
		for form, packet := range map[string][]byte{
			"old":     append([]byte{0x88, byte(len(body))}, body...),
			"old two": append([]byte{0x89, 0, byte(len(body))}, body...),
			"new":     append([]byte{0xc2, byte(len(body))}, body...),
			"new 255": append([]byte{0xc2, 255, 0, 0, 0, byte(len(body))}, body...),
		} {
			for _, tag := range []uint32{1005, 1002, 267, 268} {
				s, err := rpmfile.ParseSignature(padded(header(entry{tag, 7, uint32(len(packet)), packet})))
				if err != nil || s.Key != "deadbeef" {
					t.Errorf("%s, %s format, tag %d: key %q, %v", name, form, tag, s.Key, err)
				}
			}
		}
	}
}

func FuzzParseSignature(f *testing.F) {
	f.Add(open(f, "testdata/confnoarch-1.0-2.noarch.signed.rpm").Signature.Header)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := rpmfile.ParseSignature(data)
		if err == nil && len(s.Key) != 0 && len(s.Key) != 8 {
			t.Errorf("key %q", s.Key)
		}
	})
}

func TestContentDigest(t *testing.T) {
	t.Parallel()
	digest := func(more ...entry) string {
		h, err := rpmfile.Read(bytes.NewReader(rpm(header(named(more...)...))))
		if err != nil {
			t.Fatal(err)
		}
		return h.ContentDigest()
	}
	file := func(mode uint32, link string) []entry {
		return []entry{strs(1117, "f"), strs(1118, "/"), ints(1116, 0), ints(1030, mode), strs(1036, link), ints(1028, 4)}
	}
	plain := digest(file(0o100644, "")...)
	same := map[string][]entry{
		"build time and host": append(file(0o100644, ""), ints(1006, 99), str(1007, "host")),
		"rpmlib requirement":  append(file(0o100644, ""), strs(1049, "rpmlib(X)"), ints(1048, 1<<24|10), strs(1050, "1")),
		"file time":           append(file(0o100644, ""), ints(1034, 77)),
	}
	for name, entries := range same {
		if digest(entries...) != plain {
			t.Errorf("%s changes the digest", name)
		}
	}
	seen := map[string]string{plain: "plain"}
	for name, entries := range map[string][]entry{
		"mode":       file(0o100755, ""),
		"link":       file(0o120777, "g"),
		"no file":    nil,
		"require":    append(file(0o100644, ""), strs(1049, "x"), ints(1048, 0), strs(1050, "")),
		"epoch 0":    append(file(0o100644, ""), ints(1003, 0)),
		"scriptlet":  append(file(0o100644, ""), str(1024, "echo")),
		"digest":     append(file(0o100644, ""), strs(1035, "abcd")),
		"digestalgo": append(file(0o100644, ""), ints(5011, 8)),
	} {
		d := digest(entries...)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[d] = name
	}
}
