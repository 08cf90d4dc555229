package xmlrpc_test

import (
	"bytes"
	"io"
	"strconv"
	"testing"

	kolo "github.com/kolo/xmlrpc"

	"koji/internal/xmlrpc"
)

// row has ten members of the kinds that Koji's lists have.
type row struct {
	ID        int64   `xmlrpc:"id"`
	Name      string  `xmlrpc:"name"`
	State     int     `xmlrpc:"state"`
	Owner     string  `xmlrpc:"owner_name"`
	Draft     bool    `xmlrpc:"draft"`
	Task      *int64  `xmlrpc:"task_id"`
	Source    *string `xmlrpc:"source"`
	Created   float64 `xmlrpc:"creation_ts"`
	Completed float64 `xmlrpc:"completion_ts"`
	NVR       string  `xmlrpc:"nvr"`
}

func rows(n int) []row {
	list := make([]row, n)
	for i := range list {
		list[i] = row{
			ID: int64(i), Name: "package-" + strconv.Itoa(i), State: i % 5, Owner: "builder", Draft: i%2 == 0,
			Created: 1769062728.754275 + float64(i), Completed: 1769062999.5 + float64(i), NVR: "package-" + strconv.Itoa(i) + "-1.0-1.el9",
		}
	}
	return list
}

func document(b *testing.B) []byte {
	b.Helper()
	doc, err := xmlrpc.MarshalResponse(rows(10000))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	b.ResetTimer()
	return doc
}

func BenchmarkDecode10000Structs(b *testing.B) {
	b.Run("ours/untyped", func(b *testing.B) {
		doc := document(b)
		for b.Loop() {
			var v any
			if err := xmlrpc.NewDecoder(bytes.NewReader(doc), xmlrpc.Limits{}).Response(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours/typed", func(b *testing.B) {
		doc := document(b)
		for b.Loop() {
			var v []row
			if err := xmlrpc.NewDecoder(bytes.NewReader(doc), xmlrpc.Limits{}).Response(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kolo/untyped", func(b *testing.B) {
		doc := document(b)
		for b.Loop() {
			var v any
			if err := kolo.Response(doc).Unmarshal(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kolo/typed", func(b *testing.B) {
		doc := document(b)
		for b.Loop() {
			var v []row
			if err := kolo.Response(doc).Unmarshal(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode10000Structs(b *testing.B) {
	list := rows(10000)
	untyped := make([]any, len(list))
	for i, r := range list {
		untyped[i] = map[string]any{
			"id": r.ID, "name": r.Name, "state": r.State, "owner_name": r.Owner, "draft": r.Draft, "task_id": nil,
			"source": nil, "creation_ts": r.Created, "completion_ts": r.Completed, "nvr": r.NVR,
		}
	}
	for name, v := range map[string]any{"typed": list, "untyped": untyped} {
		b.Run("ours/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := xmlrpc.MarshalCall("x", v); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ours/"+name+"/stream", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := xmlrpc.NewEncoder(io.Discard).Call("x", v); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("kolo/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kolo.EncodeMethodCall("x", v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
