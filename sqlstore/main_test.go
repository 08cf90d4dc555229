package sqlstore_test

import (
	"testing"

	"koji/sqlstore/sqlstoretest"
)

func TestMain(m *testing.M) { sqlstoretest.Main(m) }
