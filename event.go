package koji

// Event is a tick of the clock by which configuration is versioned.
type Event struct {
	ID int64   `xmlrpc:"id"`
	TS float64 `xmlrpc:"ts"`
}

// Notice is one thing that happened at a hub, as its event stream tells it.
// Only the ids that fit Kind are set. ID grows with each notice and is what a
// listener resumes from.
type Notice struct {
	ID   int64      `json:"id"`
	Kind NoticeKind `json:"kind"`
	Time float64    `json:"time"`

	Task  *TaskNotice  `json:"task,omitempty"`
	Build *BuildNotice `json:"build,omitempty"`
	Repo  *RepoNotice  `json:"repo,omitempty"`
	Host  *HostNotice  `json:"host,omitempty"`
	Tag   *TagNotice   `json:"tag,omitempty"`
	Log   *LogNotice   `json:"log,omitempty"`
}

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeTask  NoticeKind = "task"  // a task was made or changed
	NoticeBuild NoticeKind = "build" // a build changed its state
	NoticeRepo  NoticeKind = "repo"  // a repo changed its state
	NoticeHost  NoticeKind = "host"  // a host checked in with something new
	NoticeTag   NoticeKind = "tag"   // a tag's configuration or content changed
	NoticeLog   NoticeKind = "log"   // a task's log grew
)

// TaskNotice is a task as it stands after a change. Alert is set when it is
// the change that wakes its waiting parent.
type TaskNotice struct {
	ID       int64     `json:"id"`
	State    TaskState `json:"state"`
	Method   string    `json:"method"`
	Arch     string    `json:"arch"`
	Label    string    `json:"label,omitempty"`
	Parent   int64     `json:"parent,omitempty"`
	Host     int64     `json:"host,omitempty"`
	Owner    int64     `json:"owner"`
	Channel  int64     `json:"channel"`
	Priority int64     `json:"priority"`
	Waiting  bool      `json:"waiting,omitempty"`
	Alert    int64     `json:"alert,omitempty"` // the host on which the waiting parent runs
}

// BuildNotice is a build as it stands after a change.
type BuildNotice struct {
	ID    int64      `json:"id"`
	NVR   string     `json:"nvr"`
	State BuildState `json:"state"`
	Task  int64      `json:"task,omitempty"`
}

// RepoNotice is a repo, or a request for one (Request set), after a change.
type RepoNotice struct {
	ID      int64     `json:"id,omitempty"`
	Tag     int64     `json:"tag"`
	State   RepoState `json:"state"`
	Request int64     `json:"request,omitempty"`
}

// HostNotice is a host after a change.
type HostNotice struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Ready bool    `json:"ready"`
	Load  float64 `json:"load"`
}

// TagNotice is a tag that changed.
type TagNotice struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitempty"`
}

// LogNotice is a file of a task's output that grew to Size bytes.
type LogNotice struct {
	Task int64  `json:"task"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}
