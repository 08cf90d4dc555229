// Package pkitest makes certificates for tests.
package pkitest

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

// Authority is a certificate authority.
type Authority struct {
	File string            // its certificate
	Cert *x509.Certificate // the same

	t   testing.TB
	key crypto.Signer
}

// New makes an authority. Its files go with the test.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.Cert, a.key = sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	a.File = filepath.Join(t.TempDir(), "ca.pem")
	Write(t, a.File, a.Cert, nil)
	return a
}

// sign makes a certificate, signed by a or by itself.
func sign(t testing.TB, c *x509.Certificate, a *Authority) (*x509.Certificate, crypto.Signer) {
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
		parent, signer = a.Cert, a.key
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

// Write writes a certificate to a file, with its key unless that is nil.
func Write(t testing.TB, path string, c *x509.Certificate, key crypto.Signer) {
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

// Server gives a file with a certificate for the loopback, and its key.
func (a *Authority) Server() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "server.pem")
	a.ServerAt(path)
	return path
}

// ServerAt is Server in a place of the caller's, and gives the certificate.
func (a *Authority) ServerAt(path string) *x509.Certificate {
	a.t.Helper()
	c, key := sign(a.t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a)
	Write(a.t, path, c, key)
	return c
}

// Client gives a file with a certificate for a user, and its key; change may edit what is signed.
func (a *Authority) Client(name string, change ...func(*x509.Certificate)) string {
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
	Write(a.t, path, made, key)
	return path
}
