package hubd

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"koji"
)

// Passwords are kept as argon2id in its usual text form. The costs are those
// that OWASP asks for where memory is short: 12 MiB, three passes, one lane.
const (
	argonTime   = 3
	argonMemory = 12 << 10 // KiB
	argonPrefix = "$argon2id$"
)

func argon(password string, salt []byte, passes, memory uint32, lanes uint8) []byte {
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, 32)
}

// hashPassword is what is stored for a password.
func hashPassword(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	sum := argon(password, salt, argonTime, argonMemory, 1)
	defer debug.FreeOSMemory()
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=1$%s$%s", argonPrefix, argon2.Version, argonMemory, argonTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// checkPassword compares a password with what is stored, "" for none. A stored
// plain text (a database that Koji's hub made) still counts, and is to be
// hashed then. The time it takes tells nothing about the user.
func checkPassword(stored, password string) (ok, rehash bool) {
	if !strings.HasPrefix(stored, argonPrefix) {
		argon(password, make([]byte, 16), argonTime, argonMemory, 1)
		return stored != "" && subtle.ConstantTimeCompare([]byte(stored), []byte(password)) == 1, true
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(stored[len(argonPrefix):], "$")
	if len(parts) != 4 {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[0], "v=%d", &version); err != nil || version != argon2.Version {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[1], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || memory > 1<<20 || passes == 0 || lanes == 0 {
		return false, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return false, false
	}
	sum, err := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil {
		return false, false
	}
	return subtle.ConstantTimeCompare(sum, argon(password, salt, passes, memory, lanes)) == 1, false
}

// loginGuard slows down guessing: after loginTries failures in a row, of a user
// or from an address, further ones wait until loginPause has passed.
type loginGuard struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[string]*loginFailures
}

type loginFailures struct {
	count int
	last  time.Time
}

const (
	loginTries = 10
	loginPause = time.Minute
)

func (g *loginGuard) keys(user, address string) []string {
	return []string{"user " + user + " from " + address, "address " + address}
}

func (g *loginGuard) allow(user, address string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, k := range g.keys(user, address) {
		f := g.seen[k]
		if f != nil && f.count >= loginTries*(1+4*i) && g.now().Sub(f.last) < loginPause {
			return fault(koji.CodeAuth, "too many failed logins; try again in a minute")
		}
	}
	return nil
}

func (g *loginGuard) failed(user, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if g.seen == nil || len(g.seen) > 10000 {
		g.seen = map[string]*loginFailures{}
	}
	for _, k := range g.keys(user, address) {
		f := g.seen[k]
		if f == nil || now.Sub(f.last) >= loginPause {
			f = &loginFailures{}
			g.seen[k] = f
		}
		f.count++
		f.last = now
	}
}

func (g *loginGuard) passed(user, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.seen, g.keys(user, address)[0])
}
