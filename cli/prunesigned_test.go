package cli

import "testing"

func TestLastLatest(t *testing.T) {
	t.Parallel()
	const forever = 1 << 53
	at := func(ts float64) *float64 { return &ts }
	tests := map[string]struct {
		history []tagging // the first is asked about
		want    float64
	}{
		"the only one":               {[]tagging{{Created: 1, From: 10}}, forever},
		"untagged":                   {[]tagging{{Created: 1, From: 10, To: at(20)}}, 20},
		"a newer one":                {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15}}, 15},
		"a newer one that went":      {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15, To: at(30)}}, forever},
		"it went before the newer":   {[]tagging{{Created: 1, From: 10, To: at(25)}, {Created: 2, From: 15, To: at(30)}}, 15},
		"between two newer ones":     {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15, To: at(20)}, {Created: 3, From: 30}}, 30},
		"two newer ones in a row":    {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15, To: at(30)}, {Created: 3, From: 30}}, 15},
		"two newer ones that meet":   {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15, To: at(40)}, {Created: 3, From: 30}}, 15},
		"an older one":               {[]tagging{{Created: 2, From: 10}, {Created: 1, From: 5}}, forever},
		"a newer one in another tag": {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 15, Tag: "other"}}, forever},
		"never":                      {[]tagging{{Created: 1, From: 10}, {Created: 2, From: 10}}, 10},
	}
	for name, test := range tests {
		if got := test.history[0].lastLatest(test.history); got != test.want {
			t.Errorf("%s: %v instead of %v", name, got, test.want)
		}
	}
}
