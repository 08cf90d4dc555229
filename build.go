package koji

// BuildState is where a build stands. Koji: reference/enums.md.
type BuildState int

// The states of a build.
const (
	BuildBuilding BuildState = iota
	BuildComplete
	BuildDeleted
	BuildFailed
	BuildCanceled
)

var buildStates = []string{"BUILDING", "COMPLETE", "DELETED", "FAILED", "CANCELED"}

func (s BuildState) String() string { return nameOf(buildStates, int(s)) }

// ParseBuildState is the state with that name, in any case.
func ParseBuildState(name string) (BuildState, error) {
	n, err := indexOf(buildStates, name, "build state")
	return BuildState(n), err
}

// Build is a build as getBuild and listBuilds tell it.
type Build struct {
	ID              int64      `xmlrpc:"id"`
	BuildID         int64      `xmlrpc:"build_id"`
	NVR             string     `xmlrpc:"nvr"`
	Name            string     `xmlrpc:"name"`
	PackageName     string     `xmlrpc:"package_name"`
	PackageID       int64      `xmlrpc:"package_id"`
	Version         string     `xmlrpc:"version"`
	Release         string     `xmlrpc:"release"`
	Epoch           *int64     `xmlrpc:"epoch"`
	State           BuildState `xmlrpc:"state"`
	Draft           bool       `xmlrpc:"draft"`
	OwnerID         int64      `xmlrpc:"owner_id"`
	OwnerName       string     `xmlrpc:"owner_name"`
	TaskID          *int64     `xmlrpc:"task_id"`
	CGID            *int64     `xmlrpc:"cg_id"`
	CGName          *string    `xmlrpc:"cg_name"`
	VolumeID        int64      `xmlrpc:"volume_id"`
	VolumeName      string     `xmlrpc:"volume_name"`
	Source          *string    `xmlrpc:"source"`
	Extra           any        `xmlrpc:"extra"`
	StartTime       Time       `xmlrpc:"start_time"`
	StartTS         *float64   `xmlrpc:"start_ts"`
	CompletionTime  Time       `xmlrpc:"completion_time"`
	CompletionTS    *float64   `xmlrpc:"completion_ts"`
	CreationEventID int64      `xmlrpc:"creation_event_id"`
	CreationTime    Time       `xmlrpc:"creation_time"`
	CreationTS      *float64   `xmlrpc:"creation_ts"`
	PromotionTime   Time       `xmlrpc:"promotion_time"`
	PromotionTS     *float64   `xmlrpc:"promotion_ts"`
	PromoterID      *int64     `xmlrpc:"promoter_id"`
	PromoterName    *string    `xmlrpc:"promoter_name"`
}

// TaggedBuild is a build as it stands in a tag (listTagged, getLatestBuilds).
// Extra is filled only where asked for.
type TaggedBuild struct {
	ID              int64      `xmlrpc:"id"`
	BuildID         int64      `xmlrpc:"build_id"`
	NVR             string     `xmlrpc:"nvr"`
	Name            string     `xmlrpc:"name"`
	PackageName     string     `xmlrpc:"package_name"`
	PackageID       int64      `xmlrpc:"package_id"`
	Version         string     `xmlrpc:"version"`
	Release         string     `xmlrpc:"release"`
	Epoch           *int64     `xmlrpc:"epoch"`
	State           BuildState `xmlrpc:"state"`
	Draft           bool       `xmlrpc:"draft"`
	TagID           int64      `xmlrpc:"tag_id"`
	TagName         string     `xmlrpc:"tag_name"`
	OwnerID         int64      `xmlrpc:"owner_id"`
	OwnerName       string     `xmlrpc:"owner_name"`
	PromoterID      *int64     `xmlrpc:"promoter_id"`
	PromoterName    *string    `xmlrpc:"promoter_name"`
	PromotionTime   Time       `xmlrpc:"promotion_time"`
	TaskID          *int64     `xmlrpc:"task_id"`
	VolumeID        int64      `xmlrpc:"volume_id"`
	VolumeName      string     `xmlrpc:"volume_name"`
	StartTime       Time       `xmlrpc:"start_time"`
	CompletionTime  Time       `xmlrpc:"completion_time"`
	CreationEventID int64      `xmlrpc:"creation_event_id"`
	CreationTime    Time       `xmlrpc:"creation_time"`
	CreateEvent     int64      `xmlrpc:"create_event"`
	Extra           any        `xmlrpc:"extra,omitempty"`
}

// BuildLog is one stored log of a build (getBuildLogs). Path is below the topdir.
type BuildLog struct {
	Name string `xmlrpc:"name"`
	Dir  string `xmlrpc:"dir"`
	Path string `xmlrpc:"path"`
}

// ChangelogEntry is one entry of an rpm's changelog (getChangelogEntries).
type ChangelogEntry struct {
	Date   Time    `xmlrpc:"date"`
	DateTS float64 `xmlrpc:"date_ts"`
	Author string  `xmlrpc:"author"`
	Text   string  `xmlrpc:"text"`
}
