package sqlstore

import (
	"context"
	"fmt"

	"koji"
)

// ArchiveTypes are the kinds of files that are known, by id: some eighty.
func (tx *Tx) ArchiveTypes(ctx context.Context) ([]koji.ArchiveType, error) {
	l, err := list(ctx, tx, `SELECT id, name, description, extensions, compression_type FROM archivetypes ORDER BY id`, nil,
		func(row scanner) (t koji.ArchiveType, err error) {
			return t, row.Scan(&t.ID, &t.Name, &t.Description, &t.Extensions, &t.CompressionType)
		})
	return l, wrap(err, "list archive types")
}

// AddArchiveType adds a kind of file. It is an error when the name is there already.
func (tx *Tx) AddArchiveType(ctx context.Context, t koji.ArchiveType) error {
	err := tx.insert(ctx, "archivetypes", columns{
		{"name", t.Name}, {"description", t.Description}, {"extensions", t.Extensions}, {"compression_type", t.CompressionType},
	})
	if duplicate(err) {
		return koji.NewError(koji.CodeGeneric, fmt.Sprintf("archivetype %s already exists", t.Name))
	}
	return err
}
