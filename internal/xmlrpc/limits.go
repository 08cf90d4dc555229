package xmlrpc

// Limits bounds what a Decoder accepts, so that a document costs no more
// memory than a small multiple of its length. The zero Limits has sensible
// defaults and reads documents of any length.
type Limits struct {
	// MaxBytes is the greatest length of a document; 0 means any length.
	// A longer document fails with ErrTooLong.
	MaxBytes int64
	// MaxDepth is how deep arrays and structs may nest; 0 means 100.
	// It is never more than 10,000.
	MaxDepth int
	// MaxDigits is how many characters a number or a dateTime may have; 0 means 40.
	MaxDigits int
	// MaxValues is how many values a document may hold, arrays and structs
	// included; 0 means any number.
	MaxValues int
}

const (
	defaultDepth  = 100
	greatestDepth = 10_000
	defaultDigits = 40
)

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	if l.MaxDepth <= 0 {
		l.MaxDepth = defaultDepth
	}
	l.MaxDepth = min(l.MaxDepth, greatestDepth)
	if l.MaxDigits <= 0 {
		l.MaxDigits = defaultDigits
	}
	return l
}
