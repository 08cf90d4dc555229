package sqlstore

import (
	"context"

	"koji"
)

// RPMSig is a signature of an rpm that the hub keeps; Key is "" for an unsigned header.
type RPMSig struct {
	RPM  int64  `xmlrpc:"rpm_id"`
	Key  string `xmlrpc:"sigkey"`
	Hash string `xmlrpc:"sighash"`
}

// AddRPMSig records a signature of an rpm; the key is "" for an unsigned one. False when there is one of that key already.
func (tx *Tx) AddRPMSig(ctx context.Context, rpm int64, key, hash string) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO rpmsigs (rpm_id, sigkey, sighash) VALUES (?, ?, ?) ON CONFLICT (rpm_id, sigkey) DO NOTHING`, rpm, key, hash)
	return n > 0, wrap(err, "add signature to rpm %d", rpm)
}

// RPMSigs lists signatures: of an rpm, with a key, or all; by rpm and key where opts have no order. With opts.CountOnly it
// counts them.
func (tx *Tx) RPMSigs(ctx context.Context, rpm *int64, key *string, opts QueryOpts) ([]RPMSig, int64, error) {
	query, args := `SELECT s.rpm_id, s.sigkey, s.sighash FROM rpmsigs s WHERE TRUE`, []any(nil)
	if rpm != nil {
		query, args = query+` AND s.rpm_id = ?`, append(args, *rpm)
	}
	if key != nil {
		query, args = query+` AND s.sigkey = ?`, append(args, *key)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, query, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(query, args, map[string]string{"rpm_id": "s.rpm_id", "sigkey": "s.sigkey", "sighash": "s.sighash"}, "s.rpm_id, s.sigkey")
	if err != nil {
		return nil, 0, err
	}
	l, err := list(ctx, tx, query, args, func(row scanner) (RPMSig, error) {
		var s RPMSig
		err := row.Scan(&s.RPM, &s.Key, &s.Hash)
		return s, err
	})
	return l, 0, wrap(err, "list signatures")
}

// DeleteRPMSig forgets a signature of an rpm and the checksums of the copy that has it.
func (tx *Tx) DeleteRPMSig(ctx context.Context, rpm int64, key string) error {
	for _, table := range []string{"rpmsigs", "rpm_checksum"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE rpm_id = ? AND sigkey = ?`, rpm, key); err != nil {
			return wrap(err, "delete %s of rpm %d", table, rpm)
		}
	}
	return nil
}

// ChecksumKey says of which signed copy of an rpm a digest is, and of which type.
type ChecksumKey struct {
	Key  string
	Type koji.ChecksumType
}

// RPMChecksums are the digests of an rpm that are known.
func (tx *Tx) RPMChecksums(ctx context.Context, rpm int64) (map[ChecksumKey]string, error) {
	known := map[ChecksumKey]string{}
	type row struct {
		ChecksumKey
		digest string
	}
	for r, err := range stream(ctx, tx, `SELECT sigkey, checksum_type, checksum FROM rpm_checksum WHERE rpm_id = ? ORDER BY sigkey, checksum_type`,
		[]any{rpm}, func(s scanner) (row, error) {
			var r row
			err := s.Scan(&r.Key, &r.Type, &r.digest)
			return r, err
		}) {
		if err != nil {
			return nil, wrap(err, "list checksums of rpm %d", rpm)
		}
		known[r.ChecksumKey] = r.digest
	}
	return known, nil
}

// SetRPMChecksum keeps a digest of an rpm, whatever was known before. Koji keeps each digest once: of two files that are
// the same, only the first one's.
func (tx *Tx) SetRPMChecksum(ctx context.Context, rpm int64, key string, t koji.ChecksumType, digest string) error {
	if _, err := tx.exec(ctx, `DELETE FROM rpm_checksum WHERE rpm_id = ? AND sigkey = ? AND checksum_type = ?`, rpm, key, int(t)); err != nil {
		return wrap(err, "replace checksum of rpm %d", rpm)
	}
	_, err := tx.exec(ctx, `INSERT INTO rpm_checksum (rpm_id, sigkey, checksum, checksum_type) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		rpm, key, digest, int(t))
	return wrap(err, "add checksum to rpm %d", rpm)
}
