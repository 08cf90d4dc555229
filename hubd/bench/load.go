package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// cell is a row measured with a number of clients.
type cell struct {
	Clients int     `json:"clients"`
	Calls   int     `json:"calls"`
	CPU     float64 `json:"cpu_ms"` // of hub and database, a call
	Rate    float64 `json:"calls_per_second"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"reply_bytes"`
}

// client is one connection that calls again and again. It reads answers and throws them away.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	out     bytes.Buffer
	scratch []byte
	number  int
}

func (h *hub) connect(number int) (*client, error) {
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), scratch: make([]byte, 512<<10), number: number}, nil
}

// call sends a document and returns how long the answer was. With check, an answer that is a fault is an error.
func (h *hub) call(c *client, r row, document []byte, check bool) (int64, error) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST /kojihub HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n", h.address, len(document))
	if r.who != nobody {
		id := sessionOf(r.who, c.number)
		fmt.Fprintf(&c.out, "Koji-Session-Id: %d\r\nKoji-Session-Key: %s\r\nKoji-Session-Callnum: %d\r\n", id, sessionKey(id), atomic.AddInt64(&h.callnum, 1))
	}
	c.out.WriteString("\r\n")
	c.out.Write(document)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	var head []byte
	if check {
		head = make([]byte, 400)
		n, err := io.ReadFull(resp.Body, head)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return 0, err
		}
		head = head[:n]
		if resp.StatusCode != http.StatusOK || bytes.Contains(head, []byte("<fault>")) {
			return 0, fmt.Errorf("answer %s: %s", resp.Status, head)
		}
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, c.scratch)
	return n + int64(len(head)), err
}

// measure calls with n clients for a while. Each client calls once before, which isn't counted.
func (h *hub) measure(ctx context.Context, r row, n int, each time.Duration) (cell, error) {
	document, err := r.document()
	if err != nil {
		return cell{}, err
	}
	m := cell{Clients: n}
	clients := make([]*client, n)
	for i := range clients {
		if clients[i], err = h.connect(i); err != nil {
			return m, err
		}
		defer clients[i].conn.Close()
		if m.Bytes, err = h.call(clients[i], r, document, true); err != nil {
			return m, err
		}
	}
	before, err := h.cpu()
	if err != nil {
		return m, err
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		times []time.Duration
		errs  []error
	)
	begin := time.Now()
	for _, c := range clients {
		wg.Go(func() {
			var took []time.Duration
			var err error
			for last := begin; err == nil && ctx.Err() == nil && last.Sub(begin) < each; {
				_, err = h.call(c, r, document, false)
				now := time.Now()
				took, last = append(took, now.Sub(last)), now
			}
			mu.Lock()
			defer mu.Unlock()
			times, errs = append(times, took...), append(errs, err)
		})
	}
	wg.Wait()
	wall := time.Since(begin)
	if err := errors.Join(errs...); err != nil {
		return m, err
	}
	after, err := h.cpu()
	if err != nil {
		return m, err
	}
	slices.Sort(times)
	m.Calls = len(times)
	m.CPU = milliseconds(after-before) / float64(m.Calls)
	m.Rate = float64(m.Calls) / wall.Seconds()
	m.P50, m.P99 = milliseconds(times[m.Calls/2]), milliseconds(times[m.Calls*99/100])
	return m, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1e6:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	case n >= 10e3:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 0, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e3, 'f', 1, 64) + " kB"
}
