package rpmfile

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoSuchField is wrapped when a header tag is asked for that rpm doesn't have.
var ErrNoSuchField = errors.New("no such header field")

// Field is the value of a header tag by rpm's name for it, in any case: string,
// int64, []byte, or []any of them for what is a list. An absent list is empty,
// anything else that is absent is nil. Beside the stored tags there are those
// that rpm derives: nvr, nvra, nevra, evr, filenames, longsize … (Koji:
// getRPMHeaders). ARCH is the stored one even of a source package.
func (h *Header) Field(name string) (any, error) {
	upper := strings.ToUpper(name)
	t, ok := lookupTag(upper)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoSuchField, name)
	}
	f := &fields{store: h.store}
	value, derived := h.derived(f, t.number)
	if !derived {
		value = stored(f, t)
	}
	if f.err != nil {
		return nil, fmt.Errorf("header field %q: %w", name, f.err)
	}
	return value, nil
}

// placeOf is where a tag is stored: rpm shows tags of the signature header under
// numbers of their own.
func placeOf(number int) int {
	switch number {
	case 257:
		return sigSize
	case 259:
		return sigOffset + sigPGP
	case 261:
		return sigOffset + sigMD5
	case 262:
		return sigOffset + sigGPG
	case 1046:
		return sigPayloadSize
	}
	return number
}

func stored(f *fields, t tag) any {
	place := placeOf(t.number)
	if !f.has(place) {
		if t.list {
			return []any{}
		}
		return nil
	}
	var list []any
	switch v, _ := f.store.get(place); v.kind {
	case typeBin:
		return v.data
	case typeString, typeStringArray, typeI18N:
		list = anyList(f.texts(place))
	default:
		list = anyList(f.numbers(place))
	}
	if t.list {
		return list
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func anyList[T any](values []T) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// derived computes the tags that no package stores.
func (h *Header) derived(f *fields, number int) (any, bool) {
	arch := f.text(tagArch) // rpm's Python binding does not say "src" here, nor does Koji
	evr := h.Version + "-" + h.Release
	if h.Epoch != nil {
		evr = fmt.Sprintf("%d:%s", *h.Epoch, evr)
	}
	switch number {
	case 1196: // NVRA
		return h.NVR() + "." + arch, true
	case 5013: // EVR
		return evr, true
	case 5014: // NVR
		return h.NVR(), true
	case 5015: // NEVR
		return h.Name + "-" + evr, true
	case 5016: // NEVRA
		return h.Name + "-" + evr + "." + arch, true
	case 5019: // EPOCHNUM
		if h.Epoch == nil {
			return int64(0), true
		}
		return *h.Epoch, true
	case 5098: // ARCHSUFFIX
		if h.Source {
			return ".src", true
		}
		return "." + arch, true
	case 5000: // FILENAMES
		names := make([]any, len(h.Files))
		for i, e := range h.Files {
			names[i] = e.Name
		}
		return names, true
	case 5008: // LONGFILESIZES
		sizes := make([]any, len(h.Files))
		for i, e := range h.Files {
			sizes[i] = e.Size
		}
		return sizes, true
	case 1141: // FILECLASS
		return h.fileClass(f), true
	case 5005, 5006, 5086, 5087, 5088, 5089: // …TRIGGERCONDS, …TRIGGERTYPE
		return triggers(f, number), true
	case 5045: // FILENLINKS
		return h.fileLinks(f), true
	case 5001: // FILEPROVIDE
		return h.fileDeps(f, 'P', Provide), true
	case 5002: // FILEREQUIRE
		return h.fileDeps(f, 'R', Require), true
	case 5009: // LONGSIZE
		return either(f, 5009, tagSize), true
	case 270: // LONGSIGSIZE
		return either(f, tagLongSigSize, sigSize), true
	case 271: // LONGARCHIVESIZE
		return either(f, 271, sigPayloadSize), true
	case 5041, 5042, 5043, 5044, 5058, 5059, 5060, 5061:
		return h.depTexts(nevrsType(number)), true
	}
	return nil, false
}

// either is the number in the tag made for large ones, or else in the old one.
func either(f *fields, long, short int) any {
	for _, tag := range []int{long, short} {
		if f.has(tag) {
			return f.number(tag)
		}
	}
	return nil
}

func nevrsType(number int) DepType {
	switch number {
	case 5042:
		return Provide
	case 5043:
		return Obsolete
	case 5044:
		return Conflict
	case 5058:
		return Recommend
	case 5059:
		return Suggest
	case 5060:
		return Supplement
	case 5061:
		return Enhance
	}
	return Require
}

func (h *Header) depTexts(kind DepType) []any {
	list := []any{}
	for _, d := range h.DepsOf(kind) {
		list = append(list, d.String())
	}
	return list
}
