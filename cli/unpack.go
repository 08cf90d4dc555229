package cli

import (
	"fmt"

	"koji/internal/xmlrpc"
)

// unpack reads an answer that is a list of values of different kinds into one
// pointer for each.
func unpack(items []any, into ...any) error {
	if len(items) != len(into) {
		return fmt.Errorf("%d values instead of %d", len(items), len(into))
	}
	for i, item := range items {
		doc, err := xmlrpc.MarshalResponse(item)
		if err == nil {
			err = xmlrpc.UnmarshalResponse(doc, into[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
