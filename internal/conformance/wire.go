package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// session is a client of the hub, as small as can be: nobody until it logs in.
type session struct {
	url     string
	client  *http.Client
	id, key string
	callnum int64
}

// remoteFault is a fault, or with a negative code an HTTP status that is no success.
type remoteFault struct {
	Code int64
	Text string
}

func (f *remoteFault) Error() string { return fmt.Sprintf("%d: %s", f.Code, f.Text) }

func (s *session) call(ctx context.Context, method string, args []any, kwargs map[string]any) (any, error) {
	if len(kwargs) > 0 {
		named := map[string]any{"__starstar": true}
		for k, v := range kwargs {
			named[k] = v
		}
		args = append(args, named)
	}
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?>\n<methodCall>\n<methodName>")
	escape(&b, method)
	b.WriteString("</methodName>\n<params>\n")
	for _, a := range args {
		b.WriteString("<param>\n")
		writeValue(&b, a)
		b.WriteString("</param>\n")
	}
	b.WriteString("</params>\n</methodCall>\n")
	return s.post(ctx, "", "text/xml", b.Bytes())
}

func (s *session) login(ctx context.Context, user, password string) error {
	got, err := s.call(ctx, "login", []any{user, password}, nil)
	if err != nil {
		return err
	}
	info, _ := got.(map[string]any)
	s.id, s.key, s.callnum = fmt.Sprint(info["session-id"]), fmt.Sprint(info["session-key"]), 0
	return nil
}

// upload sends a file raw; the rest travels in the query.
func (s *session) upload(ctx context.Context, query url.Values, data []byte) (any, error) {
	query.Set("fileverify", "adler32")
	got, err := s.post(ctx, "?"+query.Encode(), "application/octet-stream", data)
	if err != nil {
		return nil, err
	}
	info, _ := got.(map[string]any)
	sum, err := strconv.ParseUint(fmt.Sprint(info["hexdigest"]), 16, 32)
	if err != nil || uint32(sum) != adler32.Checksum(data) {
		return nil, &remoteFault{-1, "checksum mismatch: " + brief(got)}
	}
	return got, nil
}

func (s *session) post(ctx context.Context, query, mime string, body []byte) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mime)
	req.Header.Set("User-Agent", "koji/1")
	if s.id != "" {
		req.Header.Set("Koji-Session-Id", s.id)
		req.Header.Set("Koji-Session-Key", s.key)
		req.Header.Set("Koji-Session-Callnum", strconv.FormatInt(s.callnum, 10))
		s.callnum++
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &remoteFault{-int64(resp.StatusCode), fmt.Sprintf("HTTP %d: %.200s", resp.StatusCode, data)}
	}
	return decode(data)
}

func escape(b *bytes.Buffer, s string) {
	// Not xml.EscapeText: it replaces what XML doesn't allow, and a hub is to see it.
	b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s))
}

func writeValue(b *bytes.Buffer, v any) {
	b.WriteString("<value>")
	switch v := v.(type) {
	case nil:
		b.WriteString("<nil/>")
	case bool:
		fmt.Fprintf(b, "<boolean>%d</boolean>", map[bool]int{true: 1}[v])
	case int64:
		kind := "int"
		if v != int64(int32(v)) {
			kind = "i8"
		}
		fmt.Fprintf(b, "<%s>%d</%s>", kind, v, kind)
	case float64:
		fmt.Fprintf(b, "<double>%s</double>", strconv.FormatFloat(v, 'g', -1, 64))
	case string:
		b.WriteString("<string>")
		escape(b, v)
		b.WriteString("</string>")
	case []byte:
		fmt.Fprintf(b, "<base64>%s</base64>", base64.StdEncoding.EncodeToString(v))
	case []any:
		b.WriteString("<array><data>\n")
		for _, item := range v {
			writeValue(b, item)
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>\n")
		for key, value := range v {
			b.WriteString("<member><name>")
			escape(b, key)
			b.WriteString("</name>")
			writeValue(b, value)
			b.WriteString("</member>\n")
		}
		b.WriteString("</struct>")
	default:
		panic(fmt.Sprintf("no way to send a %T", v))
	}
	b.WriteString("</value>\n")
}

// node is an element of a document. The hub's answers are small enough to be read whole.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Inner   []node `xml:",any"`
}

func (n *node) at(names ...string) *node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		var next *node
		for i := range n.Inner {
			if n.Inner[i].XMLName.Local == name {
				next = &n.Inner[i]
				break
			}
		}
		n = next
	}
	return n
}

func decode(data []byte) (any, error) {
	var doc node
	if err := xml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("the answer is no XML: %w", err)
	}
	if n := doc.at("fault", "value"); n != nil {
		v, err := n.value()
		if err != nil {
			return nil, err
		}
		members, _ := v.(map[string]any)
		code, isInt := members["faultCode"].(int64)
		text, isText := members["faultString"].(string)
		if !isInt || !isText {
			return nil, fmt.Errorf("a fault without code or text: %s", brief(v))
		}
		return nil, &remoteFault{code, text}
	}
	n := doc.at("params", "param", "value")
	if doc.XMLName.Local != "methodResponse" || n == nil {
		return nil, errors.New("the answer is no methodResponse with a value")
	}
	return n.value()
}

// value reads a <value>.
func (n *node) value() (any, error) {
	if len(n.Inner) == 0 {
		return n.Text, nil
	}
	in := &n.Inner[0]
	switch kind := in.XMLName.Local; kind {
	case "nil":
		return nil, nil
	case "string":
		return in.Text, nil
	case "int", "i4", "i8":
		return strconv.ParseInt(strings.TrimSpace(in.Text), 10, 64)
	case "boolean":
		return strings.TrimSpace(in.Text) == "1", nil
	case "double":
		return strconv.ParseFloat(strings.TrimSpace(in.Text), 64)
	case "base64":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(in.Text), ""))
	case "array":
		list := []any{}
		if data := in.at("data"); data != nil {
			for i := range data.Inner {
				v, err := data.Inner[i].value()
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
		}
		return list, nil
	case "struct":
		members := map[string]any{}
		for i := range in.Inner {
			name, value := in.Inner[i].at("name"), in.Inner[i].at("value")
			if name == nil || value == nil {
				return nil, errors.New("a member without name or value")
			}
			v, err := value.value()
			if err != nil {
				return nil, err
			}
			members[name.Text] = v
		}
		return members, nil
	default:
		return nil, fmt.Errorf("no type of XML-RPC: %s", kind)
	}
}
