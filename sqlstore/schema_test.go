package sqlstore_test

import (
	"testing"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func TestSmoke(t *testing.T) {
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) { t.Log(s.Engine()) })
}
