package hubd

import (
	"net/http"
	"os"
)

// files serves the file tree below KojiDir, with ranges and listings. Nothing
// outside of it can be reached, whatever links a tree holds: os.Root follows
// only what stays inside.
func (h *Hub) files() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			plain(w, http.StatusMethodNotAllowed, "files can only be read\n")
			return
		}
		root, err := os.OpenRoot(h.cfg.KojiDir)
		if err != nil {
			h.log.Error("open file tree", "err", err)
			plain(w, http.StatusServiceUnavailable, "the file tree is not there\n")
			return
		}
		defer root.Close()
		http.FileServerFS(root.FS()).ServeHTTP(w, r)
	})
}
