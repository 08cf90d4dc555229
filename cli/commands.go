package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The categories of koji help.
const (
	admin    = "admin"
	bind     = "bind"
	build    = "build"
	download = "download"
	info     = "info"
	misc     = "misc"
	monitor  = "monitor"
	search   = "search"
	all      = "all"
)

func categories() []string {
	return []string{admin, bind, build, download, info, misc, monitor, search}
}

// command is a command that isn't made yet: making all of them takes longer than
// most of them run.
type command struct {
	name      string // as its constructor has it
	construct func(*Env) *cobra.Command
}

// table names all commands. To add one, write its constructor in the file of its
// noun and name it here.
func table() []command {
	return []command{
		{"help", newHelpCommand},
		{"version", newVersionCommand},
		{"moshimoshi", newMoshimoshiCommand},
		{"call", newCallCommand},
		{"list-api", newListAPICommand},
		{"policy", newPolicyCommand},
		{"add-tag", newAddTagCommand},
		{"edit-tag", newEditTagCommand},
		{"list-tags", newListTagsCommand},
		{"taginfo", newTagInfoCommand},
		{"add-target", newAddTargetCommand},
		{"edit-target", newEditTargetCommand},
		{"remove-target", newRemoveTargetCommand},
		{"list-targets", newListTargetsCommand},
		{"add-pkg", newAddPkgCommand},
		{"list-pkgs", newListPkgsCommand},
		{"block-pkg", newBlockPkgCommand},
		{"unblock-pkg", newUnblockPkgCommand},
		{"remove-pkg", newRemovePkgCommand},
		{"set-pkg-arches", newSetPkgArchesCommand},
		{"set-pkg-owner", newSetPkgOwnerCommand},
		{"set-pkg-owner-global", newSetPkgOwnerGlobalCommand},
		{"remove-tag", newRemoveTagCommand},
		{"lock-tag", newLockTagCommand},
		{"unlock-tag", newUnlockTagCommand},
		{"add-tag-inheritance", newAddTagInheritanceCommand},
		{"edit-tag-inheritance", newEditTagInheritanceCommand},
		{"remove-tag-inheritance", newRemoveTagInheritanceCommand},
		{"list-tag-inheritance", newListTagInheritanceCommand},
		{"add-group", newAddGroupCommand},
		{"block-group", newBlockGroupCommand},
		{"remove-group", newRemoveGroupCommand},
		{"list-groups", newListGroupsCommand},
		{"show-groups", newShowGroupsCommand},
		{"add-group-pkg", newAddGroupPkgCommand},
		{"block-group-pkg", newBlockGroupPkgCommand},
		{"unblock-group-pkg", newUnblockGroupPkgCommand},
		{"add-group-req", newAddGroupReqCommand},
		{"block-group-req", newBlockGroupReqCommand},
		{"unblock-group-req", newUnblockGroupReqCommand},
		{"add-external-repo", newAddExternalRepoCommand},
		{"list-external-repos", newListExternalReposCommand},
		{"list-tagged", newListTaggedCommand},
		{"latest-build", newLatestBuildCommand},
		{"buildinfo", newBuildInfoCommand},
		{"list-builds", newListBuildsCommand},
		{"list-hosts", newListHostsCommand},
		{"hostinfo", newHostInfoCommand},
		{"add-host", newAddHostCommand},
		{"enable-host", newEnableHostCommand},
		{"disable-host", newDisableHostCommand},
		{"edit-host", newEditHostCommand},
		{"restart-hosts", newRestartHostsCommand},
		{"list-channels", newListChannelsCommand},
		{"add-channel", newAddChannelCommand},
		{"edit-channel", newEditChannelCommand},
		{"enable-channel", newEnableChannelCommand},
		{"disable-channel", newDisableChannelCommand},
		{"add-host-to-channel", newAddHostToChannelCommand},
		{"remove-host-from-channel", newRemoveHostFromChannelCommand},
		{"add-volume", newAddVolumeCommand},
		{"list-volumes", newListVolumesCommand},
		{"set-build-volume", newSetBuildVolumeCommand},
		{"make-task", newMakeTaskCommand},
		{"cancel", newCancelCommand},
		{"free-task", newFreeTaskCommand},
		{"assign-task", newAssignTaskCommand},
		{"resubmit", newResubmitCommand},
		{"list-tasks", newListTasksCommand},
		{"taskinfo", newTaskInfoCommand},
		{"watch-task", newWatchTaskCommand},
		{"watch-logs", newWatchLogsCommand},
		{"build", newBuildCommand},
		{"tag-build", newTagBuildCommand},
		{"untag-build", newUntagBuildCommand},
		{"move-build", newMoveBuildCommand},
		{"promote-build", newPromoteBuildCommand},
		{"list-untagged", newListUntaggedCommand},
		{"list-history", newListHistoryCommand},
		{"rpminfo", newRPMInfoCommand},
		{"repoinfo", newRepoInfoCommand},
		{"request-repo", newRequestRepoCommand},
		{"regen-repo", newRegenRepoCommand},
		{"wait-repo", newWaitRepoCommand},
		{"download-build", newDownloadBuildCommand},
		{"download-logs", newDownloadLogsCommand},
		{"tui", newTUICommand},
		{"import", newImportCommand},
		{"import-archive", newImportArchiveCommand},
		{"import-cg", newImportCGCommand},
		{"import-comps", newImportCompsCommand},
		{"dist-repo", newDistRepoCommand},
		{"clone-tag", newCloneTagCommand},
		{"import-sig", newImportSigCommand},
		{"list-signed", newListSignedCommand},
		{"write-signed-rpm", newWriteSignedRPMCommand},
		{"remove-sig", newRemoveSigCommand},
		{"prune-signed-copies", newPruneSignedCopiesCommand},
		{"edit-external-repo", newEditExternalRepoCommand},
		{"remove-external-repo", newRemoveExternalRepoCommand},
		{"list-buildroot", newListBuildrootCommand},
		{"mock-config", newMockConfigCommand},
		{"download-task", newDownloadTaskCommand},
		{"search", newSearchCommand},
		{"add-user", newAddUserCommand},
		{"edit-user", newEditUserCommand},
		{"enable-user", newEnableUserCommand},
		{"disable-user", newDisableUserCommand},
		{"list-users", newListUsersCommand},
		{"userinfo", newUserInfoCommand},
		{"grant-permission", newGrantPermissionCommand},
		{"revoke-permission", newRevokePermissionCommand},
		{"edit-permission", newEditPermissionCommand},
		{"list-permissions", newListPermissionsCommand},
		{"grant-cg-access", newGrantCGAccessCommand},
		{"revoke-cg-access", newRevokeCGAccessCommand},
		{"reserve-cg", newReserveCGCommand},
		{"add-notification", newAddNotificationCommand},
		{"edit-notification", newEditNotificationCommand},
		{"remove-notification", newRemoveNotificationCommand},
		{"list-notifications", newListNotificationsCommand},
		{"block-notification", newBlockNotificationCommand},
		{"unblock-notification", newUnblockNotificationCommand},
		{"lab", newLabCommand},
		{"chain-build", newChainBuildCommand},
		{"maven-build", newMavenBuildCommand},
		{"maven-chain", newMavenChainCommand},
		{"wrapper-rpm", newWrapperRPMCommand},
		{"win-build", newWinBuildCommand},
		{"image-build", newImageBuildCommand},
		{"image-build-indirection", newImageBuildIndirectionCommand},
		{"kiwi-build", newKiwiBuildCommand},
		{"dud-build", newDudBuildCommand},
		{"spin-appliance", newSpinApplianceCommand},
		{"spin-livecd", newSpinLiveCDCommand},
		{"spin-livemedia", newSpinLiveMediaCommand},
		{"set-task-priority", newSetTaskPriorityCommand},
		{"wait-repo-request", newWaitRepoRequestCommand},
		{"scheduler-info", newSchedulerInfoCommand},
		{"scheduler-logs", newSchedulerLogsCommand},
		{"runroot", newRunrootCommand},
		{"save-failed-tree", newSaveFailedTreeCommand},
		{"add-sidetag", newAddSideTagCommand},
		{"edit-sidetag", newEditSideTagCommand},
		{"list-sidetags", newListSideTagsCommand},
		{"remove-sidetag", newRemoveSideTagCommand},
		{"wait", newWaitCommand},
		{"why", newWhyCommand},
		{"logout", newLogoutCommand},
		{"profile", newProfileCommand},
		{"completion", newCompletionCommand},
	}
}

// commands makes all commands.
func (e *Env) commands() []*cobra.Command {
	rows := table()
	commands := make([]*cobra.Command, len(rows))
	for i, row := range rows {
		commands[i] = row.construct(e)
	}
	return commands
}

// find makes the command of a name, in which - and _ are the same; nil if there
// is none.
func (e *Env) find(name string) *cobra.Command {
	name = strings.ReplaceAll(name, "_", "-")
	for _, row := range table() {
		if row.name == name {
			return row.construct(e)
		}
	}
	for _, cmd := range e.commands() {
		if slices.Contains(cmd.Aliases, name) {
			return cmd
		}
	}
	return nil
}
