package fnmatch

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestAsPython compares with the answers that testdata/fnmatch.py recorded.
func TestAsPython(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/fnmatch.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases := 0
	for lines := bufio.NewScanner(f); lines.Scan(); cases++ {
		var pattern, name string
		var want bool
		if err := json.Unmarshal(lines.Bytes(), &[]any{&pattern, &name, &want}); err != nil {
			t.Fatal(err)
		}
		if got := Match(pattern, name); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, name, got)
		}
	}
	if cases < 800 {
		t.Errorf("only %d recorded cases", cases)
	}
}

func TestMatchAny(t *testing.T) {
	t.Parallel()
	if !MatchAny([]string{"el*", "f4?"}, "f41") {
		t.Error("f41 should match f4?")
	}
	if MatchAny([]string{"el*", "f4?"}, "F41") {
		t.Error("case should count")
	}
	if MatchAny(nil, "") {
		t.Error("no pattern should match nothing")
	}
}

func TestIsPattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"bash": false, "ba*": true, "b?sh": true, "[b": true, "": false, "a]!": false} {
		if got := IsPattern(text); got != want {
			t.Errorf("IsPattern(%q) = %v", text, got)
		}
	}
}

// TestManyStars would not end if stars were tried against each other.
func TestManyStars(t *testing.T) {
	t.Parallel()
	if Match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 2000)) {
		t.Error("there is no b to match")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("f4*-[!a-c]?", "f41-x-")
	f.Add("[a", "[a")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if !Match("*", name) || !Match(strings.Repeat("?", len([]rune(name))), name) {
			t.Errorf("%q does not match the patterns for everything", name)
		}
		if !IsPattern(pattern) && Match(pattern, name) && strings.ToValidUTF8(pattern, "?") != strings.ToValidUTF8(name, "?") {
			t.Errorf("plain %q matches %q", pattern, name)
		}
		if Match(pattern, name) && !Match("*"+pattern+"*", name) {
			t.Errorf("%q matches %q but not between stars", pattern, name)
		}
	})
}
