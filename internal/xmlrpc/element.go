package xmlrpc

// element is one of the element names of XML-RPC.
type element uint8

const (
	elemNone element = iota
	elemMethodCall
	elemMethodResponse
	elemMethodName
	elemParams
	elemParam
	elemFault
	elemValue
	elemStruct
	elemMember
	elemName
	elemArray
	elemData
	elemNil
	elemInt
	elemDouble
	elemBoolean
	elemString
	elemBase64
	elemDateTime
	elemText // a <value> without a type: no element of its own
)

// String names the element or the type as an error message should.
func (e element) String() string {
	if e == elemText {
		return "string"
	}
	return elementNames[e]
}

var elementNames = [...]string{
	elemNone:           "nothing",
	elemMethodCall:     "methodCall",
	elemMethodResponse: "methodResponse",
	elemMethodName:     "methodName",
	elemParams:         "params",
	elemParam:          "param",
	elemFault:          "fault",
	elemValue:          "value",
	elemStruct:         "struct",
	elemMember:         "member",
	elemName:           "name",
	elemArray:          "array",
	elemData:           "data",
	elemNil:            "nil",
	elemInt:            "int",
	elemDouble:         "double",
	elemBoolean:        "boolean",
	elemString:         "string",
	elemBase64:         "base64",
	elemDateTime:       "dateTime.iso8601",
	elemText:           "string",
}

// The tags as they are nearly always written; other spellings take the longer way.
var openTags, closeTags = plainTags()

func plainTags() (open, closing [len(elementNames)]string) {
	for e, name := range elementNames {
		open[e], closing[e] = "<"+name+">", "</"+name+">"
	}
	return open, closing
}

// elementOf finds the element of a name without its prefix, or elemNone.
// The names of the integer types are one element, and so are those of the floats;
// that an element's end tag is written like its start tag is the scanner's care.
func elementOf(name []byte) element {
	switch string(name) {
	case "value":
		return elemValue
	case "member":
		return elemMember
	case "name":
		return elemName
	case "string":
		return elemString
	case "int", "i4", "i8", "i1", "i2", "biginteger":
		return elemInt
	case "nil":
		return elemNil
	case "boolean":
		return elemBoolean
	case "double", "float", "bigdecimal":
		return elemDouble
	case "struct":
		return elemStruct
	case "array":
		return elemArray
	case "data":
		return elemData
	case "base64":
		return elemBase64
	case "dateTime.iso8601":
		return elemDateTime
	case "methodCall":
		return elemMethodCall
	case "methodResponse":
		return elemMethodResponse
	case "methodName":
		return elemMethodName
	case "params":
		return elemParams
	case "param":
		return elemParam
	case "fault":
		return elemFault
	}
	return elemNone
}
