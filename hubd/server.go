package hubd

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// Version is what the hub answers as its version: Koji's, whose language it speaks.
const Version = "1.35.3"

// Handler serves the hub: calls and uploads at /kojihub, the event stream at
// /kojihub/events, files at /kojifiles, /healthz, and /metrics.
func (h *Hub) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/kojihub", h.serveHub)
	mux.HandleFunc("/kojihub/", h.serveHub)
	mux.HandleFunc("GET /kojihub/events", h.serveEvents)
	mux.Handle("/kojifiles/", http.StripPrefix("/kojifiles", h.files()))
	mux.HandleFunc("GET /healthz", h.serveHealth)
	mux.HandleFunc("GET /metrics", h.serveMetrics)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Koji-Version", Version)
		if len(r.TransferEncoding) > 0 {
			// It may have had a length as well: what a proxy took for the body
			// must not be taken for a further request here.
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}

func (h *Hub) serveHub(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		plain(w, http.StatusMethodNotAllowed, "Method Not Allowed\nThis is an XML-RPC server. Only POST requests are accepted.\n")
		return
	}
	req := &request{id: requestID(), address: h.cfg.Front.address(r)}
	h.sessionOf(r, req)
	if r.URL.Path == loginPath && !h.identify(w, r, req) {
		return
	}
	h.metrics.running.Inc()
	defer h.metrics.running.Dec()
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) == "application/octet-stream" {
		h.serveUpload(w, r, req)
		return
	}
	h.serveCall(w, r, req)
}

func (h *Hub) serveHealth(w http.ResponseWriter, r *http.Request) {
	if err := h.store.Ping(r.Context()); err != nil {
		h.log.Error("health: database", "err", err)
		plain(w, http.StatusServiceUnavailable, "database outage\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

func requestID() string {
	b := make([]byte, 6)
	rand.Read(b)
	return hex.EncodeToString(b)
}
