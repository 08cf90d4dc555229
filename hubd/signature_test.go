package hubd

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/rpmfile"
)

const (
	signedBinary = "confnoarch-1.0-2.noarch.signed.rpm"
	plainBinary  = "confnoarch-1.0-2.noarch.rpm"
	plainSource  = "confnoarch-1.0-2.src.rpm"
	signingKey   = "d53d09b9"
)

// signature is the signature header of an rpm of testdata, as addRPMSig wants it.
func signature(t *testing.T, rpm string) string {
	t.Helper()
	f, err := rpmfile.Open(filepath.Join("testdata/conformance/files", rpm))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(f.Signature.Header)
}

// A signed copy is byte for byte what rpm's own signing made of the file.
func TestSignatures(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		id := h.importRPM(plainSource, plainBinary)
		h.wantFault(koji.CodeActionNotAllowed, "alice", "addRPMSig", id, signature(h.t, signedBinary))
		h.call("kojiadmin", "addRPMSig", id, signature(h.t, signedBinary))
		h.call("kojiadmin", "writeSignedRPM", id, strings.ToUpper(signingKey))
		want, err := os.ReadFile(filepath.Join("testdata/conformance/files", signedBinary))
		if err != nil {
			h.t.Fatal(err)
		}
		copyOf := filepath.Join(h.hub.cfg.KojiDir, "packages/confnoarch/1.0/2/data/signed", signingKey, "noarch", plainBinary)
		if got, err := os.ReadFile(copyOf); err != nil || string(got) != string(want) {
			h.t.Errorf("signed copy differs from what rpm made (%v)", err)
		}
		kept := h.call("", "getRPMChecksums", id, koji.Named{"cacheonly": true}).(map[string]any)
		if sums, _ := kept[signingKey].(map[string]any); sums["sha256"] == nil || sums["md5"] == nil {
			h.t.Errorf("writing the copy kept no checksums: %v", kept)
		}
		if err := os.WriteFile(copyOf, []byte("spoilt"), 0o644); err != nil {
			h.t.Fatal(err)
		}
		h.call("builder1", "host.writeSignedRPM", id, signingKey)
		if got, _ := os.ReadFile(copyOf); string(got) != "spoilt" {
			h.t.Error("without force a copy that is there was written again")
		}
		h.call("builder1", "host.writeSignedRPM", id, signingKey, true)
		if got, _ := os.ReadFile(copyOf); string(got) != string(want) {
			h.t.Error("force did not write the copy again")
		}
		// What nobody asks for is computed, and not kept.
		asked := h.call("", "getRPMChecksums", id, []any{"sha1"})
		if kept := h.call("", "getRPMChecksums", id, []any{"sha1"}, true); cmp.Equal(asked, kept) {
			h.t.Errorf("a checksum that nobody asked for was kept: %v", kept)
		}
		h.call("kojiadmin", "deleteRPMSig", id, signingKey)
		wantTree := []string{
			"data/sigcache/noarch/" + plainBinary + ".sig", "data/sigcache/src/" + plainSource + ".sig", "noarch/" + plainBinary, "src/" + plainSource,
		}
		got := h.tree("packages/confnoarch/1.0/2")
		if diff := cmp.Diff(wantTree, withoutEmpty(got)); diff != "" {
			h.t.Errorf("build folder after deleteRPMSig (-want +got):\n%s", diff)
		}
		h.call("kojiadmin", "addRPMSig", id, signature(h.t, signedBinary))
	})
}

// withoutEmpty leaves empty folders out.
func withoutEmpty(tree []string) []string {
	var all []string
	for _, p := range tree {
		if !strings.HasSuffix(p, "/") {
			all = append(all, p)
		}
	}
	return all
}

func TestSignatureRefusals(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		id := h.importRPM(plainSource, plainBinary)
		before := h.tree("packages")
		header, err := base64.StdEncoding.DecodeString(signature(h.t, signedBinary))
		if err != nil {
			h.t.Fatal(err)
		}
		encode := base64.StdEncoding.EncodeToString
		for name, data := range map[string]any{
			"no base64":   "%%%",
			"empty":       "",
			"text":        encode([]byte("this is no header")),
			"cut":         encode(header[:len(header)-9]),
			"longer":      encode(append(append([]byte{}, header...), "more than padding"...)),
			"another rpm": signature(h.t, noarchBinary),
			"there":       signature(h.t, plainBinary), // the unsigned header is kept since the import
		} {
			if f := h.fault("kojiadmin", "addRPMSig", id, data); f.Code != koji.CodeGeneric {
				h.t.Errorf("%s: fault %d: %s", name, f.Code, f.Text)
			}
		}
		for _, user := range []string{"", "alice"} {
			h.wantFault(koji.CodeAuth, user, "host.writeSignedRPM", id, "")
		}
		for _, key := range []string{"../../../x", "a/b", "deadbeef", strings.Repeat("a", 100)} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "writeSignedRPM", id, key)
			h.wantFault(koji.CodeGeneric, "kojiadmin", "deleteRPMSig", id, key)
		}
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("packages after what was refused (-want +got):\n%s", diff)
		}
	})
}
