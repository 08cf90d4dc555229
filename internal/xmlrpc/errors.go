package xmlrpc

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/kolo/xmlrpc"
)

// Fault is the error that a method answered with. It is kolo's type and, as
// with kolo's client, it is returned by value:
//
//	var f xmlrpc.Fault
//	if errors.As(err, &f) { … f.Code … }
type Fault = xmlrpc.FaultError

// ErrTooLong says that a document has more than Limits.MaxBytes bytes.
var ErrTooLong = errors.New("document is too long")

// SyntaxError says that a document isn't XML, isn't XML-RPC, or is beyond one of
// the Limits other than MaxBytes.
type SyntaxError struct {
	Offset int64  // byte of the document where it was noticed, from 0
	Reason string // without the offset
}

// Error is the reason with its place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("syntax error at byte %d: %s", e.Offset, e.Reason)
}

// TypeError says that a value of a well-formed document doesn't fit the Go
// value that it was to be read into.
type TypeError struct {
	Offset int64        // byte of the document after the start of the value
	Path   string       // where the value is, like [3].owner_id; "" for the whole
	Type   reflect.Type // what it was to be read into
	Reason string       // what is wrong with the value
}

// Error says what doesn't fit where.
func (e *TypeError) Error() string {
	where := ""
	if e.Path != "" {
		where = e.Path + ": "
	}
	return fmt.Sprintf("%s%s doesn't fit %s (byte %d)", where, e.Reason, e.Type, e.Offset)
}

// inside adds a step to the front of the path of a TypeError.
func inside(err error, step string) error {
	var te *TypeError
	if errors.As(err, &te) {
		if te.Path != "" && te.Path[0] != '[' {
			step += "."
		}
		te.Path = step + te.Path
	}
	return err
}
