package koji

// Tag is a tag as getTag tells it; listTags gives it without Extra.
// QueryEvent and RevokeEvent are filled only where an event was asked for.
type Tag struct {
	ID              int64          `xmlrpc:"id"`
	Name            string         `xmlrpc:"name"`
	Perm            *string        `xmlrpc:"perm"`
	PermID          *int64         `xmlrpc:"perm_id"`
	Arches          *string        `xmlrpc:"arches"`
	Locked          bool           `xmlrpc:"locked"`
	MavenSupport    bool           `xmlrpc:"maven_support"`
	MavenIncludeAll bool           `xmlrpc:"maven_include_all"`
	Extra           map[string]any `xmlrpc:"extra"`
	QueryEvent      *int64         `xmlrpc:"query_event,omitempty"`
	RevokeEvent     *int64         `xmlrpc:"revoke_event,omitempty"`
}

// ListedTag is a tag as listTags tells it. The last three are filled only
// when tags of a package were asked for.
type ListedTag struct {
	ID              int64   `xmlrpc:"id"`
	Name            string  `xmlrpc:"name"`
	Perm            *string `xmlrpc:"perm"`
	PermID          *int64  `xmlrpc:"perm_id"`
	Arches          *string `xmlrpc:"arches"`
	Locked          bool    `xmlrpc:"locked"`
	MavenSupport    bool    `xmlrpc:"maven_support"`
	MavenIncludeAll bool    `xmlrpc:"maven_include_all"`
	OwnerID         *int64  `xmlrpc:"owner_id,omitempty"`
	OwnerName       string  `xmlrpc:"owner_name,omitempty"`
	Blocked         *bool   `xmlrpc:"blocked,omitempty"`
	ExtraArches     *string `xmlrpc:"extra_arches,omitempty"`
}

// SideTag is a side tag as listSideTags tells it. UserID is a text: that is how
// tags keep it.
type SideTag struct {
	ID       int64  `xmlrpc:"id"`
	Name     string `xmlrpc:"name"`
	UserID   string `xmlrpc:"user_id"`
	UserName string `xmlrpc:"user_name"`
}

// BuildConfig is a tag with arches and extra resolved through inheritance
// (getBuildConfig); ConfigInheritance tells where each came from.
type BuildConfig struct {
	Tag
	ConfigInheritance ConfigInheritance `xmlrpc:"config_inheritance"`
}

// ConfigInheritance names the tags that a BuildConfig took its settings from;
// nil where the tag has them itself.
type ConfigInheritance struct {
	Arches any            `xmlrpc:"arches"`
	Extra  map[string]any `xmlrpc:"extra"`
}

// Inheritance is a link from a tag to one of its parents.
type Inheritance struct {
	ChildID      int64  `xmlrpc:"child_id"`
	ParentID     int64  `xmlrpc:"parent_id"`
	Name         string `xmlrpc:"name"`
	Priority     int64  `xmlrpc:"priority"`
	MaxDepth     *int64 `xmlrpc:"maxdepth"`
	Intransitive bool   `xmlrpc:"intransitive"`
	NoConfig     bool   `xmlrpc:"noconfig"`
	PkgFilter    string `xmlrpc:"pkg_filter"`
}

// Ancestor is a link as it was met on the walk through a tag's whole
// inheritance (getFullInheritance). Filter holds the package filters that
// apply on the way, CurrDepth is 1 for direct parents.
type Ancestor struct {
	Inheritance
	CurrDepth int64    `xmlrpc:"currdepth"`
	NextDepth *int64   `xmlrpc:"nextdepth"`
	Filter    []string `xmlrpc:"filter"`
}

// Target says in which tag's buildroot a build runs and into which tag it goes.
type Target struct {
	ID           int64  `xmlrpc:"id"`
	Name         string `xmlrpc:"name"`
	BuildTag     int64  `xmlrpc:"build_tag"`
	BuildTagName string `xmlrpc:"build_tag_name"`
	DestTag      int64  `xmlrpc:"dest_tag"`
	DestTagName  string `xmlrpc:"dest_tag_name"`
}

// Group is a package group of a tag (getTagGroups).
type Group struct {
	GroupID     int64          `xmlrpc:"group_id"`
	TagID       int64          `xmlrpc:"tag_id"`
	Name        string         `xmlrpc:"name"`
	DisplayName string         `xmlrpc:"display_name"`
	Description *string        `xmlrpc:"description"`
	Blocked     bool           `xmlrpc:"blocked"`
	Exported    *bool          `xmlrpc:"exported"`
	IsDefault   *bool          `xmlrpc:"is_default"`
	UserVisible *bool          `xmlrpc:"uservisible"`
	LangOnly    *string        `xmlrpc:"langonly"`
	BiarchOnly  *bool          `xmlrpc:"biarchonly"`
	Packages    []GroupPackage `xmlrpc:"packagelist"`
	Groups      []GroupReq     `xmlrpc:"grouplist"`
}

// GroupPackage is a binary package's place in a group.
type GroupPackage struct {
	GroupID      int64   `xmlrpc:"group_id"`
	TagID        int64   `xmlrpc:"tag_id"`
	Package      string  `xmlrpc:"package"`
	Blocked      bool    `xmlrpc:"blocked"`
	Type         string  `xmlrpc:"type"`
	BaseArchOnly *bool   `xmlrpc:"basearchonly"`
	Requires     *string `xmlrpc:"requires"`
}

// GroupReq is a group's place in another group.
type GroupReq struct {
	GroupID   int64   `xmlrpc:"group_id"`
	TagID     int64   `xmlrpc:"tag_id"`
	ReqID     int64   `xmlrpc:"req_id"`
	Name      string  `xmlrpc:"name"`
	Blocked   bool    `xmlrpc:"blocked"`
	Type      *string `xmlrpc:"type"`
	IsMetaPkg bool    `xmlrpc:"is_metapkg"`
}
