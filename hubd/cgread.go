package hubd

import (
	"bytes"
	"encoding/json"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"koji/sqlstore"
)

// longestMetadata is the size up to which metadata is read from a file.
const longestMetadata = 64 << 20

// readMetadata takes a generator's metadata as it comes: a struct, JSON, the
// name of an uploaded file of JSON, which ends in .json, or nil for metadata.json.
// It is given as it will be kept, too.
func (c *call) readMetadata(v any, dir string) (told map[string]any, text []byte, err error) {
	switch v := v.(type) {
	case map[string]any:
		plain, err := sqlstore.EncodeJSON(v)
		if err != nil {
			return nil, nil, refuse("metadata: %v", err)
		}
		var kept bytes.Buffer
		err = json.Indent(&kept, []byte(plain), "", "  ")
		return v, kept.Bytes(), wrapError(err, "format metadata")
	case nil:
		text, err = c.readMetadataFile(dir, "metadata.json")
	case string:
		if strings.HasSuffix(v, ".json") {
			text, err = c.readMetadataFile(dir, v)
		} else {
			text = []byte(v)
		}
	default:
		err = refuse("metadata: invalid type %s, want a struct, JSON, or the name of a file of it", typeName(v))
	}
	if err != nil {
		return nil, nil, err
	}
	if !utf8.Valid(text) {
		return nil, nil, refuse("metadata is no UTF-8")
	}
	parsed, err := sqlstore.DecodeJSON(string(text))
	if err != nil {
		return nil, nil, refuse("metadata: %v", err)
	}
	told, ok := parsed.(map[string]any)
	if !ok {
		return nil, nil, refuse("metadata: invalid type %s, want a struct", typeName(parsed))
	}
	return told, text, nil
}

func (c *call) readMetadataFile(dir, name string) ([]byte, error) {
	tree, err := c.hub.openTree()
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	u, err := c.takeUpload(tree, path.Join(dir, name), nil)
	if err != nil {
		return nil, err
	}
	defer u.file.Close()
	if u.info.Size() > longestMetadata {
		return nil, refuse("metadata: %s is longer than %d bytes", name, longestMetadata)
	}
	text, err := io.ReadAll(u.content())
	return text, wrapError(err, "read %s", name)
}
