package koji

// BuildrootState is where a buildroot stands.
type BuildrootState int

// The states of a buildroot.
const (
	BuildrootInit BuildrootState = iota
	BuildrootWaiting
	BuildrootBuilding
	BuildrootExpired
)

func (s BuildrootState) String() string {
	return nameOf([]string{"INIT", "WAITING", "BUILDING", "EXPIRED"}, int(s))
}

// Buildroot is an environment that something was built in (getBuildroot,
// listBuildroots).
type Buildroot struct {
	ID              int64           `xmlrpc:"id"`
	BRType          int64           `xmlrpc:"br_type"`
	CGID            *int64          `xmlrpc:"cg_id"`
	CGName          *string         `xmlrpc:"cg_name"`
	CGVersion       *string         `xmlrpc:"cg_version"`
	ContainerType   *string         `xmlrpc:"container_type"`
	ContainerArch   *string         `xmlrpc:"container_arch"`
	HostOS          *string         `xmlrpc:"host_os"`
	HostArch        *string         `xmlrpc:"host_arch"`
	Extra           any             `xmlrpc:"extra"`
	Arch            *string         `xmlrpc:"arch"`
	State           *BuildrootState `xmlrpc:"state"`
	TaskID          *int64          `xmlrpc:"task_id"`
	HostID          *int64          `xmlrpc:"host_id"`
	HostName        *string         `xmlrpc:"host_name"`
	RepoID          *int64          `xmlrpc:"repo_id"`
	RepoState       *RepoState      `xmlrpc:"repo_state"`
	TagID           *int64          `xmlrpc:"tag_id"`
	TagName         *string         `xmlrpc:"tag_name"`
	CreateEventID   *int64          `xmlrpc:"create_event_id"`
	CreateEventTime Time            `xmlrpc:"create_event_time"`
	CreateTS        *float64        `xmlrpc:"create_ts"`
	RetireEventID   *int64          `xmlrpc:"retire_event_id"`
	RetireEventTime Time            `xmlrpc:"retire_event_time"`
	RetireTS        *float64        `xmlrpc:"retire_ts"`
	RepoCreateEvent *int64          `xmlrpc:"repo_create_event_id"`
	RepoCreateTime  Time            `xmlrpc:"repo_create_event_time"`
	IsUpdate        *bool           `xmlrpc:"is_update,omitempty"`
}
