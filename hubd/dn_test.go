package hubd

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
)

func TestDistinguishedNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CN=alice,O=Koji":               "CN=alice,O=Koji",
		" cn = alice , o = Koji Dev ":   "CN=alice,O=Koji Dev",
		"/C=US/O=Koji/CN=alice":         "CN=alice,O=Koji,C=US",
		"/O=Koji/CN=host/b1.example":    "CN=host/b1.example,O=Koji",
		`CN=Doe\, Jane,O=a\+b`:          `CN=Doe\, Jane,O=a\+b`,
		`CN="Doe, Jane";O=Koji`:         `CN=Doe\, Jane,O=Koji`,
		`CN=a\2Cb,O=x`:                  `CN=a\,b,O=x`,
		`CN=caf\C3\A9`:                  "CN=café",
		"emailAddress=a@b.example,CN=a": "EMAILADDRESS=a@b.example,CN=a",
		"1.2.840.113549.1.9.1=a@b":      "EMAILADDRESS=a@b",
		"OID.2.5.4.3=a":                 "CN=a",
		"CN=a+UID=7,O=x":                "CN=a+UID=7,O=x",
		`CN=\ a\ `:                      `CN=\ a\ `,
		`CN=a\00b`:                      `CN=a\00b`,
		"CN=":                           "CN=",
	} {
		name, err := parseName(text)
		if err != nil || name.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, name, err, want)
		}
	}
	for _, text := range []string{"", "alice", "=alice", "CN=a,", `CN=a\`, `CN="a`, `CN="a"b`, "/alice", ",CN=a", "CN=a,O"} {
		if name, err := parseName(text); err == nil {
			t.Errorf("%q was read as %v", text, name)
		}
	}
}

func TestSubjectIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	subject := pkix.Name{
		CommonName: "alice", Organization: []string{"Koji, Inc."}, Country: []string{"DE"},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "a@b.example"}},
	}
	raw, err := asn1.Marshal(subject.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	name, err := subjectOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	written, err := parseName(`EMAILADDRESS=a@b.example,CN=alice,O=Koji\, Inc.,C=DE`)
	if err != nil || !slices.Equal(name, written) {
		t.Errorf("%v and %v (%v)", name, written, err)
	}
	for kind, want := range map[string]string{"CN": "alice", "cn": "alice", "emailAddress": "a@b.example", "Email": "a@b.example", "O": "Koji, Inc."} {
		if got, err := name.component(kind); err != nil || got != want {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
	for _, kind := range []string{"OU", "UID", ""} {
		if got, err := name.component(kind); err == nil {
			t.Errorf("%s: %q", kind, got)
		}
	}
	if _, err := subjectOf([]byte("junk")); err == nil {
		t.Error("junk is a name")
	}
}

// Whoever gets a certificate with two names, or a name that reads as two, must
// not choose which of them counts.
func TestCertificateWithTwoNames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"CN=alice,CN=kojiadmin", "CN=alice+CN=kojiadmin,O=x", "/O=x/CN=kojiadmin/CN=alice"} {
		name, err := parseName(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := name.component("CN"); err == nil {
			t.Errorf("%s is %s", text, got)
		}
	}
	name, err := parseName(`CN=alice\,CN=kojiadmin`)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := name.component("CN"); got != "alice,CN=kojiadmin" {
		t.Errorf("an escaped comma separates: %q", got)
	}
}

func FuzzDistinguishedName(f *testing.F) {
	for _, s := range []string{"CN=alice,O=Koji", `CN="a,b";O=x`, `CN=a\2Cb+UID=7`, "/C=US/CN=a/b", `CN=\ #\\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := parseName(text)
		if err != nil {
			return
		}
		again, err := parseName(name.String())
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, name, err)
		}
		if !slices.Equal(again, name) {
			t.Fatalf("%q: %q became %q", text, name, again)
		}
	})
}
