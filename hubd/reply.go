package hubd

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// replyHeld is how much of an answer is kept back before the first byte goes
// out: up to there an error can still become a clean fault.
const replyHeld = 256 << 10

// replyPatience is how long one piece of an answer may take to leave.
const replyPatience = time.Minute

// reply is an answer on its way: short ones go out whole with their length,
// long ones as they come.
type reply struct {
	w    http.ResponseWriter
	ctl  *http.ResponseController
	held *bytes.Buffer // nil once it has left
	open bool
}

// heldBuffers are the buffers of replies that have left.
var heldBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func newReply(w http.ResponseWriter) *reply {
	return &reply{w: w, ctl: http.NewResponseController(w), held: heldBuffers.Get().(*bytes.Buffer)}
}

func (r *reply) Write(p []byte) (int, error) {
	if !r.open && r.held.Len()+len(p) <= replyHeld {
		return r.held.Write(p)
	}
	if err := r.start(); err != nil {
		return 0, err
	}
	r.ctl.SetWriteDeadline(time.Now().Add(replyPatience))
	return r.w.Write(p)
}

// start sends the headers and what was held.
func (r *reply) start() error {
	if r.open {
		return nil
	}
	r.open = true
	r.w.Header().Set("Content-Type", "text/xml")
	r.ctl.SetWriteDeadline(time.Now().Add(replyPatience))
	_, err := r.w.Write(r.held.Bytes())
	r.held.Reset()
	heldBuffers.Put(r.held)
	r.held = nil
	return err
}

func (r *reply) started() bool { return r.open }

// reset drops what was written so far; not once the answer has started.
func (r *reply) reset() {
	if !r.open {
		r.held.Reset()
	}
}

// finish sends a short answer.
func (r *reply) finish() error {
	if !r.open {
		r.w.Header().Set("Content-Length", strconv.Itoa(r.held.Len()))
	}
	return r.start()
}

// plain answers with a line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write([]byte(text))
}
