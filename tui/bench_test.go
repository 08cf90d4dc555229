package tui

import (
	"fmt"
	"testing"

	"koji"
)

// manyTasks is a hub with 5,000 tasks in 500 trees, most of them running.
func manyTasks(b *testing.B) *root {
	b.Helper()
	r := testRoot(160, 50, newTheme(paletteDark, false))
	c := changes{whole: true, tails: map[int64]string{}}
	for i := range int64(500) {
		id := 100000 + i*10
		c.tasks = append(c.tasks, sample{id, 0, koji.TaskOpen, true, "build", fmt.Sprintf("build (f44-candidate, /rpms/package%d.git:9f3c2ab81d0e77c1)", i), "noarch", "bld01", 401, 0, "", ""}.task())
		for j := range int64(9) {
			state := []koji.TaskState{koji.TaskOpen, koji.TaskClosed, koji.TaskFree}[j%3]
			c.tasks = append(c.tasks, sample{id + j + 1, id, state, false, "buildArch", fmt.Sprintf("buildArch (package%d-5.3.0-2.fc44.src.rpm, x86_64)", i), "x86_64", "bld04.example.org", 324, 100, "", ""}.task())
			c.tails[id+j+1] = "gcc -c -g -O2 -flto=auto -I. -Iinclude expr.c"
		}
	}
	r.Update(c)
	return r
}

// BenchmarkFrame is a frame with 5,000 tasks, at most 8 ms.
func BenchmarkFrame(b *testing.B) {
	r := manyTasks(b)
	b.ReportAllocs()
	for b.Loop() {
		r.dirty = true
		_ = r.View()
	}
}

// BenchmarkKeyToFrame is a key and the frame that follows, at most 16 ms.
func BenchmarkKeyToFrame(b *testing.B) {
	r := manyTasks(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 < 50 {
			press(r, "j")
		} else {
			press(r, "k")
		}
		_ = r.View()
	}
}

// BenchmarkFilterKey is a letter typed into the filter, and the frame.
func BenchmarkFilterKey(b *testing.B) {
	r := manyTasks(b)
	press(r, "/", "p", "a", "c")
	for b.Loop() {
		press(r, "k")
		_ = r.View()
		press(r, "backspace")
		_ = r.View()
	}
}

// BenchmarkChange is one task that changes among 5,000, and the frame.
func BenchmarkChange(b *testing.B) {
	r := manyTasks(b)
	one := changes{tasks: []task{r.e.store.get(100001).task}}
	for b.Loop() {
		r.Update(one)
		_ = r.View()
	}
}
