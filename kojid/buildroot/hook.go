package buildroot

// stageArg is the first argument of a process that is to become the first
// process of a buildroot's namespaces.
const stageArg = "@buildroot"

// Hook makes this process the namespace stage of a chroot buildroot if args
// (os.Args) say so, and then never returns: the process ends with the command it
// ran. Otherwise it returns false at once. Call it before anything else in main,
// and in TestMain of tests that use the chroot driver.
func Hook(args []string) (handled bool) {
	if len(args) != 2 || args[1] != stageArg {
		return false
	}
	runStage()
	return true
}
