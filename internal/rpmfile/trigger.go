package rpmfile

import "strings"

// triggerTags are the header tags of one sort of trigger. A script may have
// several conditions; index says to which script each belongs.
type triggerTags struct{ scripts, names, index, versions, flags int }

// triggerTagsOf finds the sort of trigger that a derived tag describes, and
// whether it asks for the type of each script instead of its conditions.
func triggerTagsOf(number int) (t triggerTags, types bool) {
	switch number {
	case 5005, 5006: // TRIGGERCONDS, TRIGGERTYPE
		return triggerTags{1065, 1066, 1069, 1067, 1068}, number == 5006
	case 5086, 5087: // FILETRIGGERCONDS, FILETRIGGERTYPE
		return triggerTags{5066, 5069, 5070, 5071, 5072}, number == 5087
	}
	return triggerTags{5076, 5079, 5080, 5081, 5082}, number == 5089
}

// triggers describes each trigger script by its conditions or its type.
func triggers(f *fields, number int) []any {
	t, types := triggerTagsOf(number)
	names, index, versions, flags := f.texts(t.names), f.numbers(t.index), f.texts(t.versions), f.numbers(t.flags)
	texts := make([][]string, len(f.texts(t.scripts)))
	for i, name := range names {
		script := at(index, i)
		switch {
		case script >= int64(len(texts)):
			f.fail(t.index, errTriggerIndex)
			return nil
		case !types:
			cond := Dep{Name: name, Flags: at(flags, i), Version: at(versions, i)}
			texts[script] = append(texts[script], cond.String())
		case texts[script] == nil:
			texts[script] = []string{triggerType(at(flags, i))}
		}
	}
	list := make([]any, len(texts))
	for i := range list {
		list[i] = strings.Join(texts[i], ", ")
	}
	return list
}

// triggerType names when a trigger runs, from its dependency flags.
func triggerType(flags int64) string {
	switch {
	case flags&(1<<25) != 0:
		return "prein"
	case flags&(1<<16) != 0:
		return "in"
	case flags&(1<<17) != 0:
		return "un"
	case flags&(1<<18) != 0:
		return "postun"
	}
	return ""
}
