package hubd

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"koji"
	"koji/sqlstore"
)

// metrics are what a hub counts of itself, served at /metrics in Prometheus'
// form to who may see them. Labels are bounded: a method is one of the
// registry's or "other", a code is one of Koji's.
type metrics struct {
	handler  http.Handler
	calls    *prometheus.CounterVec   // by method; calls inside of multiCall too
	requests *prometheus.HistogramVec // by method: seconds from the first byte read to the last one written
	faults   *prometheus.CounterVec   // by method and code
	running  prometheus.Gauge
	uploaded prometheus.Counter
	slow     prometheus.Counter
}

// requestBuckets are seconds: most calls take milliseconds, a few take minutes.
var requestBuckets = []float64{.001, .0025, .01, .025, .1, .25, 1, 5, 30, 120}

func newMetrics(h *Hub) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hubd_calls_total", Help: "Calls of the API by method, with those inside of multiCall.",
		}, []string{"method"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hubd_request_seconds", Help: "How long requests took, by method.", Buckets: requestBuckets,
		}, []string{"method"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hubd_faults_total", Help: "Calls that ended with a fault, by method and code; code 1 is an error of the hub's own.",
		}, []string{"method", "code"}),
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "hubd_requests_running", Help: "Requests under way."}),
		uploaded: prometheus.NewCounter(prometheus.CounterOpts{Name: "hubd_upload_bytes_total", Help: "Bytes that were uploaded."}),
		slow:     prometheus.NewCounter(prometheus.CounterOpts{Name: "hubd_slow_requests_total", Help: "Requests that took longer than SlowCall."}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.calls, m.requests, m.faults, m.running, m.uploaded, m.slow,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hubd_event_listeners", Help: "Who listens to the event stream, the scheduler too."},
			func() float64 { return float64(h.feed.audience()) }),
		queueCollector{h},
	)
	for name, db := range h.store.Pools() {
		registry.MustRegister(collectors.NewDBStatsCollector(db, name))
	}
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 2,
	})
	return m
}

// methodLabel is a method's name as a label: what no method has is not taken
// from whoever asks.
func (h *Hub) methodLabel(name string) string {
	if _, known := h.methods[name]; known || name == "rawUpload" {
		return name
	}
	return "other"
}

// served counts a request, and says so if it was slow. Neither tells arguments:
// they may hold secrets.
func (h *Hub) served(req *request, name string, start time.Time) {
	took := time.Since(start)
	name = h.methodLabel(name)
	h.metrics.requests.WithLabelValues(name).Observe(took.Seconds())
	slow := h.cfg.SlowCall > 0 && took > h.cfg.SlowCall
	level, text := slog.LevelInfo, "call"
	if slow {
		h.metrics.slow.Inc()
		level, text = slog.LevelWarn, "slow call"
	}
	attrs := []any{"request", req.id, "method", name, "address", req.address, "took", took.Round(time.Microsecond)}
	if s := req.caller; s != nil && s.user != 0 {
		attrs = append(attrs, "user", s.name, "session", s.id)
	}
	if req.code != 0 {
		attrs = append(attrs, "fault", int(req.code))
	}
	h.log.Log(context.Background(), level, text, attrs...)
}

// failedWith counts a fault.
func (h *Hub) failedWith(method string, code koji.Code) {
	h.metrics.faults.WithLabelValues(h.methodLabel(method), strconv.Itoa(int(code))).Inc()
}

// serveMetrics serves what was counted to the addresses of MetricsAllow. What
// comes through a proxy comes from somebody else, and is refused.
func (h *Hub) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if !h.maySeeMetrics(r) {
		plain(w, http.StatusForbidden, "Forbidden\nMetrics are for the addresses of MetricsAllow.\n")
		return
	}
	h.metrics.handler.ServeHTTP(w, r)
}

func (h *Hub) maySeeMetrics(r *http.Request) bool {
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(header) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, allowed := range h.cfg.MetricsAllow {
		if allowed.Contains(address.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// queueCollector asks the database, when somebody looks, how much waits.
type queueCollector struct{ hub *Hub }

var (
	tasksDesc    = prometheus.NewDesc("hubd_tasks", "Tasks that aren't finished, by state.", []string{"state"}, nil)
	hostsDesc    = prometheus.NewDesc("hubd_hosts", "Enabled hosts, by whether they are ready.", []string{"ready"}, nil)
	requestsDesc = prometheus.NewDesc("hubd_repo_requests", "Requests for repos that wait for one.", nil, nil)
)

// queuePatience is how long a look at the metrics may wait for the database.
const queuePatience = 10 * time.Second

// Describe tells Prometheus what Collect gives.
func (q queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{tasksDesc, hostsDesc, requestsDesc} {
		out <- d
	}
}

// Collect gives the lengths of the queues, or the error.
func (q queueCollector) Collect(out chan<- prometheus.Metric) {
	var l sqlstore.QueueLengths
	ctx, cancel := context.WithTimeout(context.Background(), queuePatience)
	defer cancel()
	err := q.hub.store.Read(ctx, func(tx *sqlstore.Tx) (err error) {
		l, err = tx.QueueLengths(ctx)
		return err
	})
	if err != nil {
		out <- prometheus.NewInvalidMetric(tasksDesc, err)
		return
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	gauge(tasksDesc, l.Free, "free")
	gauge(tasksDesc, l.Assigned, "assigned")
	gauge(tasksDesc, l.Open, "open")
	gauge(hostsDesc, l.Ready, "yes")
	gauge(hostsDesc, l.NotReady, "no")
	gauge(requestsDesc, l.RepoRequests)
}
