package koji

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"koji/internal/xmlrpc"
)

// TransportError says that a request got no usable answer: the hub wasn't
// reached, refused at the level of HTTP, or what came is no XML-RPC. Its text
// is one line and holds no secrets.
type TransportError struct {
	Method string // the API method, or GET for a download or the event stream
	URL    string // the hub's, without user, password and query
	Status int    // of HTTP, 0 if there was none
	Err    error  // what went wrong
	// Temporary is set if another try may help: the connection failed or broke
	// off, or the answer was 408, 421, 425, 429 or any 5xx. Other 3xx and 4xx answers, wrong
	// certificates and pages that are no XML-RPC don't get better by asking again.
	Temporary bool
}

func (e *TransportError) Error() string {
	if e.Method == http.MethodGet {
		return fmt.Sprintf("get %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("call %s at %s: %v", e.Method, e.URL, e.Err)
}

// Unwrap is what went wrong.
func (e *TransportError) Unwrap() error { return e.Err }

// failed is the error of a request that err ended before an answer was read.
// ctx is the caller's: if it has ended, that is the reason.
func (r *request) failed(ctx context.Context, u *url.URL, err error) error {
	e := &TransportError{Method: r.method, URL: publicURL(u), Err: bareURLError(err)}
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		e.Err, e.Temporary = fmt.Errorf("no whole answer within %v", r.timeout), true
	default:
		e.Temporary = !isCertificateError(err)
	}
	return e
}

// isCertificateError reports whether TLS failed for good: our side refused the
// server's certificate or the other way round.
func isCertificateError(err error) bool {
	var verify *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var op *net.OpError
	return errors.As(err, &verify) || errors.As(err, &header) ||
		errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

// readAnswer reads the answer of a call into r.result.
func (s *Session) readAnswer(ctx context.Context, resp *http.Response, r *request) error {
	e := &TransportError{Method: r.method, URL: publicURL(resp.Request.URL), Status: resp.StatusCode}
	body := bufio.NewReader(resp.Body)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		e.Err, e.Temporary = statusError(resp, body)
		return e
	}
	if start, _ := body.Peek(512); !looksLikeXML(resp.Header.Get("Content-Type"), start) {
		e.Err = fmt.Errorf("the answer is no XML-RPC but %s, is that the URL of a hub?", describe(resp.Header.Get("Content-Type"), start))
		return e
	}
	result := r.result
	if result == nil {
		var dropped any
		result = &dropped
	}
	counted := &countingReader{r: body}
	err := xmlrpc.NewDecoder(counted, xmlrpc.Limits{MaxBytes: s.o.MaxAnswer}).Response(result)
	if err == nil {
		return nil
	}
	var fault xmlrpc.Fault
	var syntax *xmlrpc.SyntaxError
	var mismatch *xmlrpc.TypeError
	switch {
	case errors.As(err, &fault):
		return FromFault(fault)
	case errors.Is(err, xmlrpc.ErrTooLong):
		e.Err = fmt.Errorf("the answer is longer than %d bytes", s.o.MaxAnswer)
	case errors.As(err, &mismatch):
		e.Err = fmt.Errorf("read the answer: %w", err)
	case errors.As(err, &syntax) && counted.ended && syntax.Offset >= counted.n:
		e.Err, e.Temporary = fmt.Errorf("the answer broke off after %d bytes", counted.n), true
	case errors.As(err, &syntax):
		e.Err = fmt.Errorf("the answer is no XML-RPC: %w", err)
	default:
		failure := r.failed(ctx, resp.Request.URL, err)
		var te *TransportError
		if errors.As(failure, &te) {
			te.Status = resp.StatusCode
			te.Err = fmt.Errorf("the answer broke off: %w", te.Err)
		}
		return failure
	}
	return e
}

// countingReader knows how far it was read, to tell an answer that broke off
// from one that makes no sense.
type countingReader struct {
	r     io.Reader
	n     int64
	ended bool
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.ended = c.ended || errors.Is(err, io.EOF)
	return n, err
}

// looksLikeXML trusts the content more than its type: some front ends label
// every answer text/html. An empty body counts as XML that broke off.
func looksLikeXML(contentType string, start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	for _, p := range []string{"<?xml", "<methodResponse"} {
		n := min(len(p), len(start))
		if string(start[:n]) == p[:n] {
			return true
		}
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "text/xml" && len(start) > 0 && start[0] == '<' && !bytes.HasPrefix(bytes.ToLower(start), []byte("<!doctype html")) &&
		!bytes.HasPrefix(bytes.ToLower(start), []byte("<html"))
}

// statusError is an HTTP status that is no success, and whether it may pass.
func statusError(resp *http.Response, body *bufio.Reader) (err error, temporary bool) {
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode < 400 {
		where := "somewhere else"
		if u, perr := resp.Request.URL.Parse(to); perr == nil {
			where = publicURL(u)
		}
		return fmt.Errorf("HTTP status %s: the hub has moved to %s, which must be configured", status(resp), where), false
	}
	start, _ := io.ReadAll(io.LimitReader(body, 512))
	text := ""
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/plain" || kind == "" {
		text = oneLine(string(start))
	}
	if text != "" {
		text = ": " + text
	}
	err = fmt.Errorf("HTTP status %s%s", status(resp), text)
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests:
		return err, true
	}
	return err, resp.StatusCode >= 500
}

func status(resp *http.Response) string {
	if t := http.StatusText(resp.StatusCode); t != "" {
		return fmt.Sprintf("%d %s", resp.StatusCode, t)
	}
	return fmt.Sprint(resp.StatusCode)
}

// describe is what came instead of XML, in one short line.
func describe(contentType string, start []byte) string {
	if contentType == "" {
		contentType = "something without a type"
	}
	return fmt.Sprintf("%s beginning %q", oneLine(contentType), oneLine(string(start)))
}

// oneLine is foreign text cut and cleaned for an error of one line.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
	const most = 100
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// drain reads the little that may be left of an answer so that its connection
// can be used again, and closes it. A peer that dawdles is cut off by cancel.
func drain(body io.ReadCloser, cancel func()) {
	late := time.AfterFunc(time.Second, cancel)
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	body.Close()
}
