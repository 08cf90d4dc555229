package rpmfile

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
)

// Tags of the signature header.
const (
	sigDSA = 267
	sigRSA = 268
	sigPGP = 1002
	sigMD5 = 1004
	sigGPG = 1005
)

// SignatureStart is the offset in an rpm file at which its signature header begins.
const SignatureStart = leadSize

// Signature is the signature header of an rpm: what Koji keeps in its sigcache,
// one for each key, and puts back into a copy of the unsigned rpm.
type Signature struct {
	Header []byte // as stored in the file, from SignatureStart, padding to 8 bytes included
	Key    string // last 8 hex digits of the signing key's id; empty when unsigned
	MD5    string // hex digest of header and payload; empty when there is none
}

// Hash is the MD5 of the signature header, which Koji calls sighash.
func (s Signature) Hash() string {
	sum := md5.Sum(s.Header)
	return hex.EncodeToString(sum[:])
}

// ParseSignature reads a signature header that stands alone, as in Koji's
// sigcache and in a call of addRPMSig. Errors wrap ErrNotRPM.
func ParseSignature(header []byte) (Signature, error) {
	var buf bytes.Buffer
	r := bytes.NewReader(header)
	if err := takeHeader(r, &buf, "signature header", maxSignature); err != nil {
		return Signature{}, err
	}
	if r.Len() != (8-buf.Len()%8)%8 {
		return Signature{}, invalid("signature header of %d bytes is followed by %d more", buf.Len(), r.Len())
	}
	return newSignature(header)
}

// newSignature looks into a header that was checked.
func newSignature(header []byte) (Signature, error) {
	s := Signature{Header: header}
	tags := readTags(header)
	if sum := tags.binary(sigMD5); sum != nil {
		if len(sum) != md5.Size {
			return Signature{}, invalid("SIGMD5 of %d bytes", len(sum))
		}
		s.MD5 = hex.EncodeToString(sum)
	}
	for _, tag := range []int{sigGPG, sigPGP, sigDSA, sigRSA} {
		packet := tags.binary(tag)
		if packet == nil {
			continue
		}
		id, ok := issuer(packet)
		if !ok {
			return Signature{}, invalid("signature header: tag %d holds no OpenPGP signature with a key id", tag)
		}
		s.Key = hex.EncodeToString(id[4:])
		break
	}
	return s, nil
}

// issuer finds the 8 byte key id in an OpenPGP signature packet (RFC 4880,
// sections 4.2 and 5.2). Versions 3 and 4 are what rpms carry.
func issuer(packet []byte) ([]byte, bool) {
	body, ok := packetBody(packet)
	if !ok || len(body) < 1 {
		return nil, false
	}
	switch body[0] {
	case 3: // version, length 5, type, time, key id
		if len(body) < 15 || body[1] != 5 {
			return nil, false
		}
		return body[7:15], true
	case 4: // version, type, two algorithms, hashed subpackets, unhashed subpackets
		body = body[1:]
		if len(body) < 3 {
			return nil, false
		}
		hashed, rest, ok := counted(body[3:])
		if !ok {
			return nil, false
		}
		unhashed, _, ok := counted(rest)
		if !ok {
			return nil, false
		}
		if id, ok := issuerSubpacket(hashed); ok {
			return id, true
		}
		return issuerSubpacket(unhashed)
	}
	return nil, false
}

// packetBody is the content of a signature packet, old or new format.
func packetBody(p []byte) ([]byte, bool) {
	if len(p) < 2 || p[0]&0x80 == 0 {
		return nil, false
	}
	if p[0]&0x40 != 0 {
		if p[0]&0x3f != 2 {
			return nil, false
		}
		n, rest, ok := length(p[1:])
		if !ok || n > len(rest) {
			return nil, false
		}
		return rest[:n], true
	}
	if p[0]>>2&0x0f != 2 {
		return nil, false
	}
	size := 1 << (p[0] & 3)
	p = p[1:]
	if size == 8 { // of indeterminate length: all there is
		return p, true
	}
	if len(p) < size {
		return nil, false
	}
	n := 0
	for _, b := range p[:size] {
		n = n<<8 | int(b)
	}
	p = p[size:]
	if n > len(p) {
		return nil, false
	}
	return p[:n], true
}

// length reads a length as new format packets and subpackets have it; partial
// lengths, which signatures never have, are refused.
func length(p []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(p) >= 1 && p[0] < 192:
		return int(p[0]), p[1:], true
	case len(p) >= 2 && p[0] >= 192 && p[0] < 224:
		return (int(p[0])-192)<<8 + int(p[1]) + 192, p[2:], true
	case len(p) >= 5 && p[0] == 255:
		return int(binary.BigEndian.Uint32(p[1:])), p[5:], true
	}
	return 0, nil, false
}

// counted splits off a run of subpackets with its two byte length.
func counted(p []byte) (run, rest []byte, ok bool) {
	if len(p) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(p))
	p = p[2:]
	if n > len(p) {
		return nil, nil, false
	}
	return p[:n], p[n:], true
}

// issuerSubpacket looks for an issuer (16), or the fingerprint that ends in the
// key id (33).
func issuerSubpacket(run []byte) ([]byte, bool) {
	var byFingerprint []byte
	for len(run) > 0 {
		n, rest, ok := length(run)
		if !ok || n < 1 || n > len(rest) {
			return nil, false
		}
		kind, body := rest[0]&0x7f, rest[1:n]
		switch {
		case kind == 16 && len(body) == 8:
			return body, true
		case kind == 33 && len(body) == 21 && body[0] == 4:
			byFingerprint = body[13:]
		}
		run = rest[n:]
	}
	return byFingerprint, byFingerprint != nil
}

// WriteSigned copies the rpm in r to w with another signature header in the
// place of its own. Nothing but the signature header is looked at; whether the
// signature is one of this rpm is for the caller to check (Signature.MD5).
func WriteSigned(w io.Writer, r io.Reader, s Signature) error {
	if _, err := ParseSignature(s.Header); err != nil {
		return fmt.Errorf("write signed rpm: %w", err)
	}
	var buf bytes.Buffer
	if err := take(r, &buf, leadSize, "lead"); err != nil {
		return fmt.Errorf("write signed rpm: %w", err)
	}
	if err := takeHeader(r, &buf, "signature header", maxSignature); err != nil {
		return fmt.Errorf("write signed rpm: %w", err)
	}
	if err := take(r, &buf, (8-buf.Len()%8)%8, "padding after the signature header"); err != nil {
		return fmt.Errorf("write signed rpm: %w", err)
	}
	for _, part := range []io.Reader{bytes.NewReader(buf.Bytes()[:leadSize]), bytes.NewReader(s.Header), r} {
		if _, err := io.Copy(w, part); err != nil {
			return fmt.Errorf("write signed rpm: %w", err)
		}
	}
	return nil
}
