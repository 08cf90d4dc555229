# Reads `go test -v` and lets through what a person wants of it: of a package
# that passed its last line and what its tests say did not run, of one that
# failed all but the tests that passed. The lines of a package come together.
function passed(   i) {
	for (i = 0; i < n; i++)
		if (kept[i] ~ /NOT run/) print kept[i]
	n = 0
}
function failed(   i) {
	for (i = 0; i < n; i++)
		if (kept[i] !~ /^ *(=== |--- PASS)/) print kept[i]
	n = 0
}
/^ok  \t/   { passed(); print; fflush(); next }
/^\?   \t/  { passed(); next }
/^FAIL/     { failed(); print; fflush(); next }
            { kept[n++] = $0 }
END         { failed() }
