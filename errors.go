package koji

import (
	"errors"
	"regexp"

	kolo "github.com/kolo/xmlrpc"

	"koji/internal/lazyregexp"
)

// Code is the number of a fault. Koji: reference/wire.md §3.
type Code int

// The fault codes. Every other code is kept as it came.
const (
	CodeOther            Code = 1 // an exception that isn't Koji's own
	CodeGeneric          Code = 1000
	CodeLock             Code = 1001
	CodeAuth             Code = 1002
	CodeTag              Code = 1003
	CodeActionNotAllowed Code = 1004
	CodeBuild            Code = 1005
	CodeAuthLock         Code = 1006
	CodeAuthExpired      Code = 1007
	CodeSequence         Code = 1008
	CodeRetry            Code = 1009
	CodePreBuild         Code = 1010
	CodePostBuild        Code = 1011
	CodeBuildroot        Code = 1012
	CodeDeprecated       Code = 1013
	CodeServerOffline    Code = 1014
	CodeLiveCD           Code = 1015
	CodePlugin           Code = 1016
	CodeCallback         Code = 1017
	CodeAppliance        Code = 1018
	CodeParameter        Code = 1019
	CodeImport           Code = 1020
	CodeConfiguration    Code = 1021
	CodeLiveMedia        Code = 1022
	CodeGSSAPIAuth       Code = 1023
	CodeNameValidation   Code = 1024
	firstKoji, lastKoji       = CodeGeneric, CodeNameValidation
)

var codeNames = map[Code]string{
	CodeOther: "Exception", CodeGeneric: "GenericError", CodeLock: "LockError", CodeAuth: "AuthError",
	CodeTag: "TagError", CodeActionNotAllowed: "ActionNotAllowed", CodeBuild: "BuildError",
	CodeAuthLock: "AuthLockError", CodeAuthExpired: "AuthExpired", CodeSequence: "SequenceError",
	CodeRetry: "RetryError", CodePreBuild: "PreBuildError", CodePostBuild: "PostBuildError",
	CodeBuildroot: "BuildrootError", CodeDeprecated: "FunctionDeprecated", CodeServerOffline: "ServerOffline",
	CodeLiveCD: "LiveCDError", CodePlugin: "PluginError", CodeCallback: "CallbackError",
	CodeAppliance: "ApplianceError", CodeParameter: "ParameterError", CodeImport: "ImportError",
	CodeConfiguration: "ConfigurationError", CodeLiveMedia: "LiveMediaError",
	CodeGSSAPIAuth: "GSSAPIAuthError", CodeNameValidation: "NameValidationError",
}

// String is the name of Koji's exception class for the code, such as GenericError.
func (c Code) String() string {
	if n, ok := codeNames[c]; ok {
		return n
	}
	return "Fault"
}

// Is reports whether c is want or one of its children: every code from 1001
// to 1024 is a GenericError, 1006 to 1009 and 1023 are AuthErrors.
func (c Code) Is(want Code) bool {
	if c == want {
		return true
	}
	switch want {
	case CodeGeneric:
		return c >= firstKoji && c <= lastKoji
	case CodeAuth:
		return c == CodeAuthLock || c == CodeAuthExpired || c == CodeSequence || c == CodeRetry || c == CodeGSSAPIAuth
	case CodeBuild:
		return c == CodePreBuild || c == CodePostBuild || c == CodeBuildroot
	case CodePlugin:
		return c == CodeCallback
	}
	return false
}

// Error is a fault: what the hub answers when it refuses or fails a call.
// It is the same value on both sides of the wire.
type Error struct {
	Code Code
	Text string
	kind error // the sentinel it was made from, nil if none
}

// Error is the fault's text alone, as the hub's log and a person want it.
func (e *Error) Error() string { return e.Text }

// Is lets errors.Is find the sentinel of the fault, on either side of the wire.
func (e *Error) Is(target error) bool {
	if target == e.kind && e.kind != nil {
		return true
	}
	if s, ok := target.(*sentinel); ok {
		return s.matches(e)
	}
	return false
}

// As lets errors.As take the fault as kolo/xmlrpc's FaultError, so that code
// written for that client goes on working.
func (e *Error) As(target any) bool {
	if f, ok := target.(*kolo.FaultError); ok {
		*f = e.Fault()
		return true
	}
	return false
}

// Fault is the error in the form in which it travels.
func (e *Error) Fault() kolo.FaultError { return kolo.FaultError{Code: int(e.Code), String: e.Text} }

// NewError is a fault with a code and a text.
func NewError(code Code, text string) *Error { return &Error{Code: code, Text: text} }

// FromFault turns a fault that came over the wire into an *Error that
// errors.Is can compare with the sentinels below.
func FromFault(f kolo.FaultError) *Error { return &Error{Code: Code(f.Code), Text: f.String} }

// HasCode reports whether err is a fault with the code or a child of it.
func HasCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code.Is(code)
}

// sentinel is a kind of fault that callers branch on. On the wire it is known
// by its code and the beginning of its text.
type sentinel struct {
	code Code
	text func() *regexp.Regexp // nil for any
	name string
}

func (s *sentinel) Error() string { return s.name }

func (s *sentinel) matches(e *Error) bool {
	return e.Code.Is(s.code) && (s.text == nil || s.text().MatchString(e.Text))
}

func kind(code Code, name, pattern string) error {
	s := &sentinel{code: code, name: name}
	if pattern != "" {
		s.text = lazyregexp.New(pattern)
	}
	return s
}

// Kinds of fault to compare with errors.Is.
var (
	ErrNoSuchTag     = kind(CodeGeneric, "no such tag", `(?i)^(no such tag|invalid tagInfo|no such entry in table tag\b)`)
	ErrNoSuchBuild   = kind(CodeGeneric, "no such build", `(?i)^no (such|matching) build`)
	ErrNoSuchTask    = kind(CodeGeneric, "no such task", `(?i)^no such task`)
	ErrNoSuchUser    = kind(CodeGeneric, "no such user", `(?i)^no such user`)
	ErrNoSuchHost    = kind(CodeGeneric, "no such host", `(?i)^(no such host|invalid hostInfo)`)
	ErrNoSuchTarget  = kind(CodeGeneric, "no such build target", `(?i)^(no such build target|invalid build target|No such entry in table build_target)`)
	ErrNoSuchMethod  = kind(CodeGeneric, "no such method", `^Invalid method`)
	ErrNotPermitted  = kind(CodeActionNotAllowed, "not permitted", "")
	ErrAuth          = kind(CodeAuth, "not logged in or refused", "")
	ErrAuthExpired   = kind(CodeAuthExpired, "session expired", "")
	ErrAuthLocked    = kind(CodeAuthLock, "another session holds the user exclusively", "")
	ErrRetry         = kind(CodeRetry, "call was already made", "")
	ErrServerOffline = kind(CodeServerOffline, "hub is offline", "")
	ErrParameter     = kind(CodeParameter, "wrong arguments", "")
	ErrBuild         = kind(CodeBuild, "build error", "")
	ErrTagging       = kind(CodeTag, "tagging error", "")
)
