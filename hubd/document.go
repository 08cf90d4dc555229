package hubd

import (
	"encoding/base64"
	"errors"
	"strings"

	kolo "github.com/kolo/xmlrpc"

	"koji"
	"koji/internal/xmlrpc"
)

// plainDocument undoes the base64 in which old rows hold their documents.
// Koji: reference/wire.md §7.
func plainDocument(document string) []byte {
	if strings.Contains(document[:min(10, len(document))], "<?xml") {
		return []byte(document)
	}
	if plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(document), "")); err == nil {
		return plain
	}
	return []byte(document)
}

// asFault takes the fault out of what the codec answers.
func asFault(err error) (kolo.FaultError, bool) {
	var f kolo.FaultError
	ok := errors.As(err, &f)
	return f, ok
}

// checkResult refuses a result document that can't be read back.
func checkResult(document string) error {
	var value any
	err := xmlrpc.UnmarshalResponse([]byte(document), &value)
	if _, isFault := asFault(err); err != nil && !isFault {
		return fault(koji.CodeParameter, "response is no XML-RPC document: %v", err)
	}
	return nil
}
