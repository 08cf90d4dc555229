package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// What a hub as a whole should keep to.
const (
	memoryAim = 150 << 20
	startAim  = 50 * time.Millisecond
)

// report is what was measured on one engine.
type report struct {
	Engine  string        `json:"engine"`
	Clients []int         `json:"clients"`
	Rows    []result      `json:"rows"`
	Memory  int64         `json:"memory_bytes"` // after all rows
	Start   time.Duration `json:"start_ns"`     // to the first answer
}

// result is a row with what was measured of it.
type result struct {
	row        row
	Name       string  `json:"call"`
	Cells      []cell  `json:"cells"`
	CPU        float64 `json:"cpu_ms"` // with 8 clients, or the nearest number to that
	KojiCPU    float64 `json:"koji_cpu_ms"`
	Ratio      float64 `json:"ratio"`
	Aim        float64 `json:"aim_ms"`
	Met        bool    `json:"met"`
	PeakMemory int64   `json:"peak_memory_bytes"`
	Failed     string  `json:"failed,omitempty"` // why it could not be measured
}

// judge compares with Koji.
func (m *result) judge() {
	if m.Failed != "" {
		return
	}
	best := m.Cells[0]
	for _, c := range m.Cells {
		if abs(c.Clients-8) < abs(best.Clients-8) {
			best = c
		}
	}
	m.CPU = best.CPU
	m.Ratio = m.CPU / m.KojiCPU
	m.Met = m.CPU <= m.Aim
}

func abs(n int) int { return max(n, -n) }

func (r *report) met() bool {
	for _, m := range r.Rows {
		if !m.Met || m.PeakMemory > memoryAim {
			return false
		}
	}
	return r.Memory <= memoryAim && r.Start <= startAim
}

func (r *report) writeJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func (r *report) writeTable(out io.Writer) error {
	verdict := func(met bool) string {
		if met {
			return "met"
		}
		return "NOT MET"
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\treply\tCPU ms\tKoji\tratio\taim\t\t", r.Engine)
	for _, n := range r.Clients {
		fmt.Fprintf(w, "%d: /s\tp99 ms\t", n)
	}
	fmt.Fprintf(w, "Koji 1: /s\t8: /s\tpeak\t\n")
	for _, m := range r.Rows {
		if m.Failed != "" {
			fmt.Fprintf(w, "%s\tfailed\t\t%.2f\t\t%.2f\t%s\t\n", m.Name, m.KojiCPU, m.Aim, verdict(false))
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.2f\t%.3f\t%.2f\t%s\t", m.Name, size(m.Cells[0].Bytes), m.CPU, m.KojiCPU, m.Ratio, m.Aim, verdict(m.Met))
		for _, c := range m.Cells {
			fmt.Fprintf(w, "%.1f\t%.2f\t", c.Rate, c.P99)
		}
		fmt.Fprintf(w, "%.1f\t%.1f\t%d MB\t\n", m.row.koji.rate1, m.row.koji.rate8, m.PeakMemory>>20)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "memory after the load %d MB (aim %d): %s\nstart to the first answer %.0f ms (aim %.0f): %s\n",
		r.Memory>>20, memoryAim>>20, verdict(r.Memory <= memoryAim), milliseconds(r.Start), milliseconds(startAim), verdict(r.Start <= startAim))
	return err
}
