package hubd

import "context"

// record keeps a member of each callback's data.
func record(into *[]any, key string) Callback {
	return func(_ context.Context, _ string, info map[string]any) error {
		*into = append(*into, info[key])
		return nil
	}
}
