package hubd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// certificates are what the hub serves TLS with: its certificate and key, and
// the authorities whose client certificates it takes. Files that change are
// read again at the next connection.
type certificates struct {
	cert, key, ca string // PEM files; ca may be ""
	log           *slog.Logger

	mu      sync.Mutex
	seen    []fileState // of the files when they were read last
	config  *tls.Config
	clients *x509.CertPool // nil without ca
}

// fileState is what changes with a file's content.
type fileState struct {
	size  int64
	mtime time.Time
}

// newCertificates reads the files that the configuration names; nil if it names none.
func newCertificates(cfg *Config, log *slog.Logger) (*certificates, error) {
	if cfg.SSLCertificate == "" {
		if cfg.SSLKey != "" || cfg.SSLClientCA != "" {
			return nil, errors.New("SSLKey and SSLClientCA mean nothing without SSLCertificate")
		}
		return nil, nil
	}
	c := &certificates{cert: cfg.SSLCertificate, key: cfg.SSLKey, ca: cfg.SSLClientCA, log: log}
	if c.key == "" {
		c.key = c.cert
	}
	c.seen = c.state()
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificates) state() []fileState {
	var all []fileState
	for _, path := range []string{c.cert, c.key, c.ca} {
		var s fileState
		if info, err := os.Stat(path); err == nil {
			s = fileState{info.Size(), info.ModTime()}
		}
		all = append(all, s)
	}
	return all
}

func (c *certificates) read() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("read SSLCertificate: %w", err)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"},
	}
	var clients *x509.CertPool
	if c.ca != "" {
		text, err := os.ReadFile(c.ca)
		if err != nil {
			return fmt.Errorf("read SSLClientCA: %w", err)
		}
		clients = x509.NewCertPool()
		if !clients.AppendCertsFromPEM(text) {
			return fmt.Errorf("read SSLClientCA: %s holds no certificate", c.ca)
		}
		// It is verified where it is used, so that a bad one gets a reason in
		// place of a broken connection.
		config.ClientAuth, config.ClientCAs = tls.RequestClientCert, clients
	}
	c.config, c.clients = config, clients
	return nil
}

// current is what the files hold now. What can't be read leaves what was.
func (c *certificates) current() (*tls.Config, *x509.CertPool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.state(); !slices.Equal(now, c.seen) {
		c.seen = now
		if err := c.read(); err != nil {
			c.log.Error("certificates stay as they were", "err", err)
		}
	}
	return c.config, c.clients
}

// serverConfig is for a listener.
func (c *certificates) serverConfig() *tls.Config {
	config, _ := c.current()
	config = config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now, _ := c.current()
		return now, nil
	}
	return config
}

// verify checks a client's certificate; further ones lead to its authority.
func (c *certificates) verify(chain []*x509.Certificate) error {
	_, roots := c.current()
	if roots == nil {
		return errors.New("this hub takes no certificates")
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err
}
