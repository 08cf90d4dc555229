package sqlstore

import (
	"database/sql"
	"fmt"
)

// scanJSON reads a column that holds JSON, as text or as the engine's own type, into *v; nil for NULL.
func scanJSON(v *any) sql.Scanner { return jsonCell{v} }

type jsonCell struct{ v *any }

func (c jsonCell) Scan(src any) (err error) {
	switch src := src.(type) {
	case nil:
		*c.v = nil
	case string:
		*c.v, err = DecodeJSON(src)
	case []byte:
		*c.v, err = DecodeJSON(string(src))
	default:
		err = fmt.Errorf("read JSON: the column holds a %T", src)
	}
	return err
}

// jsonArg is a value as an argument for a column of JSON: NULL for nil.
func jsonArg(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return EncodeJSON(v)
}
