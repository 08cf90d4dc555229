package hubd

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// Passwords are kept as argon2id in its usual text form.
const argonPrefix = "$argon2id$"

// The costs are those that OWASP asks for where memory is short: 12 MiB, three
// passes, one lane. Only this package's tests, which log in some thousand
// times, ask for less.
var (
	argonTime   uint32 = 3
	argonMemory uint32 = 12 << 10 // KiB
)

func argon(password string, salt []byte, passes, memory uint32, lanes uint8) []byte {
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, 32)
}

// hashRest is how long no password is hashed before the memory goes back.
const hashRest = time.Second

// returnMemory gives what hashing took back to the machine when the timer ends:
// a hash needs more than all else that a quiet hub holds, and would count as the
// hub's until the collector gets there. Programs that have no limit to their
// memory, as tests, don't care.
func returnMemory() *time.Timer {
	t := time.AfterFunc(time.Hour, func() {
		if debug.SetMemoryLimit(-1) < math.MaxInt64 {
			debug.FreeOSMemory()
		}
	})
	t.Stop()
	return t
}

// hashPassword is what is stored for a password.
func hashPassword(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	sum := argon(password, salt, argonTime, argonMemory, 1)
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
