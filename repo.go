package koji

// RepoState is where a repo stands. Koji: reference/enums.md.
type RepoState int

// The states of a repo.
const (
	RepoInit RepoState = iota
	RepoReady
	RepoExpired
	RepoDeleted
	RepoProblem
)

var repoStates = []string{"INIT", "READY", "EXPIRED", "DELETED", "PROBLEM"}

func (s RepoState) String() string { return nameOf(repoStates, int(s)) }

// ParseRepoState is the state with that name, in any case.
func ParseRepoState(name string) (RepoState, error) {
	n, err := indexOf(repoStates, name, "repo state")
	return RepoState(n), err
}

// Repo is a generated repository. CreateEvent is the state of the tag that it
// represents; EndEvent is set once the tag has changed since.
type Repo struct {
	ID           int64     `xmlrpc:"id"`
	TagID        int64     `xmlrpc:"tag_id"`
	TagName      string    `xmlrpc:"tag_name"`
	State        RepoState `xmlrpc:"state"`
	StateTime    Time      `xmlrpc:"state_time"`
	StateTS      *float64  `xmlrpc:"state_ts"`
	CreateEvent  int64     `xmlrpc:"create_event"`
	CreateTS     *float64  `xmlrpc:"create_ts"`
	CreationTime Time      `xmlrpc:"creation_time"`
	CreationTS   *float64  `xmlrpc:"creation_ts"`
	BeginEvent   *int64    `xmlrpc:"begin_event"`
	BeginTS      *float64  `xmlrpc:"begin_ts"`
	EndEvent     *int64    `xmlrpc:"end_event"`
	EndTS        *float64  `xmlrpc:"end_ts"`
	Dist         bool      `xmlrpc:"dist"`
	Opts         any       `xmlrpc:"opts"`
	CustomOpts   any       `xmlrpc:"custom_opts"`
	TaskID       *int64    `xmlrpc:"task_id"`
	TaskState    *int64    `xmlrpc:"task_state"`
}

// RepoRequest is a row of the queue of wanted repos.
type RepoRequest struct {
	ID         int64    `xmlrpc:"id"`
	CreateTime Time     `xmlrpc:"create_time"`
	CreateTS   *float64 `xmlrpc:"create_ts"`
	UpdateTime Time     `xmlrpc:"update_time"`
	UpdateTS   *float64 `xmlrpc:"update_ts"`
	Owner      int64    `xmlrpc:"owner"`
	OwnerName  string   `xmlrpc:"owner_name,omitempty"`
	Priority   int64    `xmlrpc:"priority"`
	TagID      int64    `xmlrpc:"tag_id"`
	TagName    string   `xmlrpc:"tag_name"`
	AtEvent    *int64   `xmlrpc:"at_event"`
	MinEvent   *int64   `xmlrpc:"min_event"`
	Opts       any      `xmlrpc:"opts"`
	Active     bool     `xmlrpc:"active"`
	TaskID     *int64   `xmlrpc:"task_id"`
	TaskState  *int64   `xmlrpc:"task_state"`
	Tries      int64    `xmlrpc:"tries"`
	RepoID     *int64   `xmlrpc:"repo_id"`
}

// RepoAnswer is what repo.request and repo.checkRequest answer: a repo that is
// good enough, or the request that will bring one.
type RepoAnswer struct {
	Repo      *Repo        `xmlrpc:"repo"`
	Request   *RepoRequest `xmlrpc:"request"`
	Duplicate bool         `xmlrpc:"duplicate,omitempty"`
	Task      *RepoTask    `xmlrpc:"task,omitempty"`
}

// RepoTask is the newRepo task that works on a request.
type RepoTask struct {
	ID      int64     `xmlrpc:"id"`
	State   TaskState `xmlrpc:"state"`
	HostID  *int64    `xmlrpc:"host_id,omitempty"`
	Owner   *int64    `xmlrpc:"owner,omitempty"`
	Started Time      `xmlrpc:"start_time,omitempty"`
}

// ExternalRepo is a repo that is not ours; its URL may hold $arch.
type ExternalRepo struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
	URL  string `xmlrpc:"url"`
}

// TagExternalRepo is an external repo's place in a tag.
type TagExternalRepo struct {
	TagID            int64   `xmlrpc:"tag_id"`
	TagName          string  `xmlrpc:"tag_name"`
	ExternalRepoID   int64   `xmlrpc:"external_repo_id"`
	ExternalRepoName string  `xmlrpc:"external_repo_name"`
	URL              string  `xmlrpc:"url"`
	Priority         int64   `xmlrpc:"priority"`
	MergeMode        string  `xmlrpc:"merge_mode"`
	Arches           *string `xmlrpc:"arches"`
}
