package xmlrpc

import (
	"bytes"
	"reflect"
	"strings"
)

// Call reads a <methodCall> document: the method's name and its parameters as
// untyped values. Named arguments are in the last of them: see Kwargs.
func (d *Decoder) Call() (method string, params []any, err error) {
	if err := d.root(elemMethodCall); err != nil {
		return "", nil, err
	}
	if err := d.s.open(elemMethodName); err != nil {
		return "", nil, err
	}
	name, err := d.s.chars(true)
	if err != nil {
		return "", nil, err
	}
	method = string(name)
	if err := d.s.close(elemMethodName); err != nil {
		return "", nil, err
	}
	t, err := d.s.next()
	if err != nil {
		return "", nil, err
	}
	if t == (tag{elemParams, true}) {
		d.verbatim = d.verbatimOf != nil && d.verbatimOf(method)
		if params, err = d.params(); err != nil {
			return "", nil, err
		}
		t, err = d.s.next()
		if err != nil {
			return "", nil, err
		}
	}
	if t != (tag{elemMethodCall, false}) {
		return "", nil, d.s.unexpected(t, "</methodCall>")
	}
	return method, params, d.s.finish()
}

// Verbatim has Call read the parameters of some methods as the type Verbatim
// tells.
func (d *Decoder) Verbatim(of func(method string) bool) { d.verbatimOf = of }

// root moves into the document's outermost element.
func (d *Decoder) root(e element) error {
	if err := d.s.prolog(); err != nil {
		return err
	}
	return d.s.open(e)
}

// params reads the parameters of a call and </params>.
func (d *Decoder) params() ([]any, error) {
	var params []any
	for {
		more, err := d.another(elemParam, elemParams)
		if err != nil || !more {
			return params, err
		}
		if err := d.s.open(elemValue); err != nil {
			return nil, err
		}
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		params = append(params, v)
		if err := d.s.close(elemParam); err != nil {
			return nil, err
		}
	}
}

// Response reads a <methodResponse> document into what v points to: a typed
// value, or an any for the untyped value; with a nil v the value is only
// checked. If the document is a fault, v stays as it is and the error is a Fault.
// After another error v may have been filled in part.
func (d *Decoder) Response(v any) error {
	var target reflect.Value
	if v != nil {
		target = reflect.ValueOf(v)
		if target.Kind() != reflect.Pointer || target.IsNil() {
			return &TypeError{Type: target.Type(), Reason: "the response"}
		}
	}
	if err := d.root(elemMethodResponse); err != nil {
		return err
	}
	t, err := d.s.next()
	if err != nil {
		return err
	}
	var fault error
	switch t {
	case tag{elemFault, true}:
		fault, err = d.fault()
	case tag{elemParams, true}:
		err = d.result(target)
	default:
		err = d.s.unexpected(t, "<params> or <fault>")
	}
	if err != nil {
		return err
	}
	if err := d.s.close(elemMethodResponse); err != nil {
		return err
	}
	if err := d.s.finish(); err != nil {
		return err
	}
	return fault
}

// result reads the one parameter of a response, behind <params>.
func (d *Decoder) result(target reflect.Value) error {
	if err := d.s.open(elemParam); err != nil {
		return err
	}
	if err := d.s.open(elemValue); err != nil {
		return err
	}
	var err error
	if target.IsValid() {
		err = d.into(decodePlanOf(target.Type().Elem()), target.Elem())
	} else {
		err = d.skip()
	}
	if err != nil {
		return err
	}
	if err := d.s.close(elemParam); err != nil {
		return err
	}
	return d.s.close(elemParams)
}

// fault reads a fault, behind <fault>.
func (d *Decoder) fault() (fault, err error) {
	if err := d.s.open(elemValue); err != nil {
		return nil, err
	}
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	members, _ := v.(map[string]any)
	code, okCode := members["faultCode"].(int64)
	text, okText := members["faultString"].(string)
	if !okCode || !okText || int64(int(code)) != code {
		return nil, d.s.syntax("the fault isn't a struct of faultCode and faultString")
	}
	return Fault{Code: int(code), String: text}, d.s.close(elemFault)
}

// UnmarshalCall is Decoder.Call for a document in memory, without limits on its length.
func UnmarshalCall(document []byte) (method string, params []any, err error) {
	return newBytesDecoder(document).Call()
}

// CallParams are the parameters of a call's document, written as an array of
// values without being read. [CopyCall] makes them.
type CallParams struct{ params string }

// The frame of a call's document as this package and Python write it.
const (
	callHead  = "<?xml version='1.0'?>\n<methodCall>\n<methodName>"
	callBegin = "</methodName>\n<params>\n"
	callEnd   = "</params>\n</methodCall>\n"
	paramHead = "<param>\n"
	paramEnd  = "</param>\n"
)

// CopyCall takes the parameters out of a call's document that was written by
// [Encoder.Call] or by Python, and is trusted to be whole. Of any other it
// says false: UnmarshalCall reads those.
func CopyCall(document string) (CallParams, bool) {
	rest, ok := strings.CutPrefix(document, callHead)
	if !ok || strings.Contains(rest, "<!") {
		return CallParams{}, false
	}
	_, rest, ok = strings.Cut(rest, callBegin)
	if !ok {
		return CallParams{}, false
	}
	params, ok := strings.CutSuffix(rest, callEnd)
	for left := params; ok && left != ""; {
		if left, ok = strings.CutPrefix(left, paramHead); ok {
			_, left, ok = strings.Cut(left, paramEnd)
		}
	}
	return CallParams{params}, ok
}

// MarshalXMLRPC writes the array.
func (p CallParams) MarshalXMLRPC(e *Encoder) error {
	e.BeginArray()
	for left := p.params; left != ""; {
		var value string
		value, left, _ = strings.Cut(left[len(paramHead):], paramEnd)
		if e.begin() {
			e.raw(value)
			e.end()
		}
	}
	e.EndArray()
	return e.err
}

// UnmarshalResponse is Decoder.Response for a document in memory, without limits on its length.
func UnmarshalResponse(document []byte, v any) error {
	return newBytesDecoder(document).Response(v)
}

// Call writes a <methodCall> document and flushes.
func (e *Encoder) Call(method string, params ...any) error {
	e.raw(callHead)
	e.escape(method)
	e.raw(callBegin)
	for _, p := range params {
		e.raw(paramHead)
		if err := e.Value(p); err != nil {
			return err
		}
		e.raw(paramEnd)
	}
	e.raw(callEnd)
	return e.finish()
}

// Response writes a <methodResponse> document with one parameter and flushes.
// After an error part of the document may have been written.
func (e *Encoder) Response(v any) error {
	e.raw("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n")
	if err := e.Value(v); err != nil {
		return err
	}
	e.raw("</param>\n</params>\n</methodResponse>\n")
	return e.finish()
}

// Fault writes a <methodResponse> document with a fault and flushes.
func (e *Encoder) Fault(f Fault) error {
	e.raw("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n")
	if err := e.Value(f); err != nil {
		return err
	}
	e.raw("</fault>\n</methodResponse>\n")
	return e.finish()
}

// MarshalCall is Encoder.Call into memory.
func MarshalCall(method string, params ...any) ([]byte, error) {
	return marshal(func(e *Encoder) error { return e.Call(method, params...) })
}

// MarshalStoredCall is MarshalCall for a task's request: moments have their own
// type in it, as Koji keeps them.
func MarshalStoredCall(method string, params ...any) ([]byte, error) {
	return marshal(func(e *Encoder) error {
		e.typed = true
		return e.Call(method, params...)
	})
}

// MarshalResponse is Encoder.Response into memory.
func MarshalResponse(v any) ([]byte, error) {
	return marshal(func(e *Encoder) error { return e.Response(v) })
}

// MarshalFault is Encoder.Fault into memory.
func MarshalFault(f Fault) ([]byte, error) {
	return marshal(func(e *Encoder) error { return e.Fault(f) })
}

func marshal(write func(*Encoder) error) ([]byte, error) {
	var p pieces
	e := &Encoder{pieces: &p}
	if err := write(e); err != nil {
		return nil, err
	}
	if len(p) == 1 {
		return p[0], nil
	}
	return bytes.Join(p, nil), nil
}

// pieces is a document in memory as it grows, without being copied each time.
type pieces [][]byte
