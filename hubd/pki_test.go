package hubd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  crypto.Signer
	file string // its certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, a.file, a.cert, nil)
	return a
}

// sign makes a certificate, signed by a or by itself.
func sign(t *testing.T, c *x509.Certificate, a *authority) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if c.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	c.NotBefore = c.NotAfter.Add(-2 * time.Hour)
	parent, signer := c, crypto.Signer(key)
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func writePEM(t *testing.T, path string, c *x509.Certificate, key crypto.Signer) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	if key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// server gives a file with a certificate for the loopback, and its key.
func (a *authority) server() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "server.pem")
	a.serverAt(path)
	return path
}

func (a *authority) serverAt(path string) *x509.Certificate {
	a.t.Helper()
	c, key := sign(a.t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a)
	writePEM(a.t, path, c, key)
	return c
}

// client gives a file with a certificate for a user, and its key.
func (a *authority) client(name string, change ...func(*x509.Certificate)) string {
	a.t.Helper()
	c := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: []string{"Koji"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, f := range change {
		f(c)
	}
	made, key := sign(a.t, c, a)
	path := filepath.Join(a.t.TempDir(), "client.pem")
	writePEM(a.t, path, made, key)
	return path
}
