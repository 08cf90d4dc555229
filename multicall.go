package koji

import (
	"context"
	"errors"
	"fmt"

	"koji/internal/xmlrpc"
)

// Multicall gathers calls and makes them with few requests. The hub carries
// the calls of one request out in one transaction; one that fails is undone on
// its own (Koji: reference/wire.md §2). A Multicall is for one goroutine and
// one Run.
type Multicall struct {
	// Batch is how many calls go into one request, 100 unless changed; 0 puts
	// all into one.
	Batch int

	s     *Session
	calls []gathered
	errs  []error
}

type gathered struct {
	method string
	args   []any
	result any
}

// Multicall begins to gather calls.
func (s *Session) Multicall() *Multicall { return &Multicall{s: s, Batch: 100} }

// Add gathers a call, with arguments and result as for Session.Call, and gives
// its index.
func (m *Multicall) Add(result any, method string, args ...any) int {
	m.calls = append(m.calls, gathered{method: method, args: wireArgs(args), result: result})
	return len(m.calls) - 1
}

// Len is how many calls are gathered.
func (m *Multicall) Len() int { return len(m.calls) }

// Run makes the calls in the order of Add. It is nil if all succeeded, a
// *MulticallError if all were answered and some of them failed, and any other
// error if not all were answered; the results of earlier batches hold then.
func (m *Multicall) Run(ctx context.Context) error {
	m.errs = make([]error, len(m.calls))
	size := m.Batch
	if size <= 0 {
		size = max(len(m.calls), 1)
	}
	failed := false
	for begin := 0; begin < len(m.calls); begin += size {
		end := min(begin+size, len(m.calls))
		if err := m.runBatch(ctx, begin, end); err != nil {
			for i := begin; i < len(m.calls); i++ {
				m.errs[i] = err
			}
			return err
		}
		for _, err := range m.errs[begin:end] {
			failed = failed || err != nil
		}
	}
	if failed {
		return &MulticallError{Calls: m.errs}
	}
	return nil
}

// Err is how the call with that index ended, after Run.
func (m *Multicall) Err(i int) error { return m.errs[i] }

func (m *Multicall) runBatch(ctx context.Context, begin, end int) error {
	batch := make([]any, 0, end-begin)
	for _, c := range m.calls[begin:end] {
		batch = append(batch, map[string]any{"methodName": c.method, "params": append([]any{}, c.args...)})
	}
	var answers []any
	if err := m.s.Call(ctx, "multiCall", &answers, batch); err != nil {
		return err
	}
	if len(answers) != len(batch) {
		return fmt.Errorf("call multiCall: the hub gave %d answers to %d calls", len(answers), len(batch))
	}
	for i, a := range answers {
		c := m.calls[begin+i]
		err := takeAnswer(a, c.result)
		var refused *Error
		if err != nil && !errors.As(err, &refused) {
			err = fmt.Errorf("call %s: %w", c.method, err)
		}
		m.errs[begin+i] = err
	}
	return nil
}

// takeAnswer reads one element of a multiCall's answer: an array of the one
// result, or a fault with its traceback.
func takeAnswer(answer, result any) error {
	switch a := answer.(type) {
	case []any:
		if len(a) != 1 {
			return fmt.Errorf("answer of %d values instead of one", len(a))
		}
		if result == nil {
			return nil
		}
		return convert(a[0], result)
	case map[string]any:
		code, ok := a["faultCode"].(int64)
		text, isText := a["faultString"].(string)
		if ok && isText {
			return NewError(Code(code), text)
		}
	}
	return errors.New("answer is neither a result nor a fault")
}

// convert reads an untyped value into a typed one by the rules of the wire.
func convert(v, into any) error {
	if p, ok := into.(*any); ok {
		*p = v
		return nil
	}
	doc, err := xmlrpc.MarshalResponse(v)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if err := xmlrpc.UnmarshalResponse(doc, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// MulticallError says that the hub answered all calls and that some failed.
type MulticallError struct {
	Calls []error // by index of the call, nil for those that succeeded
}

// Error is the first failure, and how many there are.
func (e *MulticallError) Error() string {
	failed := e.Unwrap()
	if len(failed) == 1 {
		return failed[0].Error()
	}
	return fmt.Sprintf("%d of %d calls failed, the first: %v", len(failed), len(e.Calls), failed[0])
}

// Unwrap is the failures, in the order of the calls.
func (e *MulticallError) Unwrap() []error {
	var failed []error
	for _, err := range e.Calls {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}
