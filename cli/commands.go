package cli

import "github.com/spf13/cobra"

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

// commands makes all commands. To add one, write its constructor in the file
// of its noun and name it here.
func (e *Env) commands() []*cobra.Command {
	constructors := []func(*Env) *cobra.Command{
		newHelpCommand, newVersionCommand, newMoshimoshiCommand,
		newCallCommand, newListAPICommand, newPolicyCommand,
		newAddTagCommand, newEditTagCommand, newListTagsCommand, newTagInfoCommand,
		newAddTargetCommand, newEditTargetCommand, newRemoveTargetCommand, newListTargetsCommand,
		newAddPkgCommand, newListPkgsCommand, newBlockPkgCommand, newUnblockPkgCommand, newRemovePkgCommand,
		newSetPkgArchesCommand, newSetPkgOwnerCommand, newSetPkgOwnerGlobalCommand,
		newRemoveTagCommand, newLockTagCommand, newUnlockTagCommand,
		newAddTagInheritanceCommand, newEditTagInheritanceCommand, newRemoveTagInheritanceCommand, newListTagInheritanceCommand,
		newAddGroupCommand, newBlockGroupCommand, newRemoveGroupCommand, newListGroupsCommand, newShowGroupsCommand,
		newAddGroupPkgCommand, newBlockGroupPkgCommand, newUnblockGroupPkgCommand,
		newAddGroupReqCommand, newBlockGroupReqCommand, newUnblockGroupReqCommand,
		newAddExternalRepoCommand, newListExternalReposCommand,
		newListTaggedCommand, newLatestBuildCommand,
		newBuildInfoCommand, newListBuildsCommand,
		newListHostsCommand, newHostInfoCommand, newAddHostCommand, newEnableHostCommand, newDisableHostCommand, newEditHostCommand, newRestartHostsCommand,
		newListChannelsCommand, newAddChannelCommand, newEditChannelCommand, newEnableChannelCommand, newDisableChannelCommand,
		newAddHostToChannelCommand, newRemoveHostFromChannelCommand,
		newAddVolumeCommand, newListVolumesCommand, newSetBuildVolumeCommand,
		newMakeTaskCommand, newCancelCommand, newFreeTaskCommand, newAssignTaskCommand, newResubmitCommand,
		newListTasksCommand, newTaskInfoCommand, newWatchTaskCommand, newWatchLogsCommand,
		newBuildCommand, newTagBuildCommand, newUntagBuildCommand, newMoveBuildCommand, newPromoteBuildCommand, newListUntaggedCommand, newListHistoryCommand, newRPMInfoCommand,
		newRepoInfoCommand, newRequestRepoCommand, newRegenRepoCommand, newWaitRepoCommand,
		newDownloadBuildCommand, newDownloadLogsCommand,
		newTUICommand,
		newImportCommand, newImportArchiveCommand, newImportCGCommand, newImportCompsCommand, newDistRepoCommand, newCloneTagCommand,
		newImportSigCommand, newListSignedCommand, newWriteSignedRPMCommand, newRemoveSigCommand, newPruneSignedCopiesCommand,
		newEditExternalRepoCommand, newRemoveExternalRepoCommand, newListBuildrootCommand, newMockConfigCommand, newDownloadTaskCommand, newSearchCommand,
		newAddUserCommand, newEditUserCommand, newEnableUserCommand, newDisableUserCommand, newListUsersCommand, newUserInfoCommand,
		newGrantPermissionCommand, newRevokePermissionCommand, newEditPermissionCommand, newListPermissionsCommand,
		newGrantCGAccessCommand, newRevokeCGAccessCommand, newReserveCGCommand,
		newAddNotificationCommand, newEditNotificationCommand, newRemoveNotificationCommand, newListNotificationsCommand,
		newBlockNotificationCommand, newUnblockNotificationCommand,
		newLabCommand,
		newChainBuildCommand, newMavenBuildCommand, newMavenChainCommand, newWrapperRPMCommand, newWinBuildCommand, newImageBuildCommand,
		newImageBuildIndirectionCommand, newKiwiBuildCommand, newDudBuildCommand, newSpinApplianceCommand, newSpinLiveCDCommand, newSpinLiveMediaCommand,
		newSetTaskPriorityCommand, newWaitRepoRequestCommand, newSchedulerInfoCommand, newSchedulerLogsCommand, newRunrootCommand, newSaveFailedTreeCommand,
		newAddSideTagCommand, newEditSideTagCommand, newListSideTagsCommand, newRemoveSideTagCommand, newWaitCommand, newWhyCommand,
	}
	commands := make([]*cobra.Command, len(constructors))
	for i, construct := range constructors {
		commands[i] = construct(e)
	}
	return commands
}
