// Package xmlrpc reads and writes Koji's dialect of XML-RPC as a stream: it
// holds neither the text of a document nor a tree of it in memory.
//
// # What it writes
//
// Documents look byte for byte like those of Python's xmlrpc.client, plus
// Koji's <nil/> everywhere and <i8> for integers beyond 32 bits
// (Koji: reference/wire.md §2). Only & < > are escaped, and the carriage
// return, as &#13;, since XML would turn it into a line feed otherwise.
// Bytes that are no UTF-8 and characters that XML 1.0 can't hold (the control
// characters but tab, line feed and carriage return; U+FFFE and U+FFFF) are
// replaced by U+FFFD, so that what we write can always be read. A moment
// (time.Time) is written as dateTime.iso8601 in UTC and loses what is below a
// second. NaN and the infinities are written as Python does, nan, inf and -inf,
// but read only where nothing is calculated with them: see Verbatim. Integers
// beyond 64 bits are errors.
//
// # What it reads
//
// All types that Python's client knows: nil, the integers by any name,
// double, float and bigdecimal, boolean, string, base64, dateTime.iso8601,
// array and struct, and a <value> without a type, which is a string. The
// untyped values are nil, bool, int64, float64, string, []byte, time.Time,
// []any and map[string]any. Of a struct's members with the same name the last
// one wins.
//
// The XML is a subset: there is no DTD, and so no entities but the five
// predefined ones; no processing instruction but the XML declaration; no
// encoding but UTF-8. Comments and CDATA sections are read as XML says,
// attributes are checked and ignored, and a name space prefix of a type
// (<ex:nil/>) too. Forbidden characters and invalid UTF-8 are refused. What
// isn't well formed is a *SyntaxError with the byte offset, what is well formed
// but doesn't fit the Go value is a *TypeError, and a document beyond
// Limits.MaxBytes is ErrTooLong.
//
// # Go types
//
// Struct fields take the name from their tag, `xmlrpc:"task_id"`, with the
// option omitempty; "-" leaves a field out, an untagged exported field goes by
// its Go name, and the fields of embedded structs count as the outer struct's
// own. When names collide the field that is nested least wins, and of equals
// the first. Pointers are nil for <nil/>; a nil slice is written as an empty
// array, a nil map as an empty struct. Maps are written in the order of their
// keys; integer keys become strings, and back.
//
// Reading is lenient where no information is lost: nil makes any field zero,
// an integer fits a float field, the integers 0 and 1 fit a bool field, and a
// string fits a []byte field. Everything else must match.
package xmlrpc
