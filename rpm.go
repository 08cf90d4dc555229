package koji

// RPM is a binary or source rpm as getRPM and listRPMs tell it. PayloadHash is
// the header's SIGMD5 in hex. NVR is filled by listRPMs only.
type RPM struct {
	ID               int64   `xmlrpc:"id"`
	BuildID          *int64  `xmlrpc:"build_id"`
	BuildrootID      *int64  `xmlrpc:"buildroot_id"`
	Name             string  `xmlrpc:"name"`
	Version          string  `xmlrpc:"version"`
	Release          string  `xmlrpc:"release"`
	Epoch            *int64  `xmlrpc:"epoch"`
	Arch             string  `xmlrpc:"arch"`
	NVR              string  `xmlrpc:"nvr,omitempty"`
	Draft            *bool   `xmlrpc:"draft"`
	ExternalRepoID   int64   `xmlrpc:"external_repo_id"`
	ExternalRepoName string  `xmlrpc:"external_repo_name"`
	PayloadHash      string  `xmlrpc:"payloadhash"`
	Size             int64   `xmlrpc:"size"`
	BuildTime        int64   `xmlrpc:"buildtime"`
	MetadataOnly     bool    `xmlrpc:"metadata_only"`
	Extra            any     `xmlrpc:"extra"`
	ComponentBuildID *int64  `xmlrpc:"component_buildroot_id,omitempty"`
	IsUpdate         *bool   `xmlrpc:"is_update,omitempty"`
	SigKey           *string `xmlrpc:"sigkey,omitempty"`
}

// FileName is the name of the rpm's file.
func (r *RPM) FileName() string {
	return r.Name + "-" + r.Version + "-" + r.Release + "." + r.Arch + ".rpm"
}

// BuildrootRPM is an installed package as a builder reports it
// (host.setBuildRootList) and getBuildrootListing tells it.
type BuildrootRPM struct {
	RPMID            int64  `xmlrpc:"rpm_id,omitempty"`
	Name             string `xmlrpc:"name"`
	Version          string `xmlrpc:"version"`
	Release          string `xmlrpc:"release"`
	Epoch            *int64 `xmlrpc:"epoch"`
	Arch             string `xmlrpc:"arch"`
	Size             int64  `xmlrpc:"size"`
	PayloadHash      string `xmlrpc:"payloadhash"`
	BuildTime        int64  `xmlrpc:"buildtime"`
	BuildID          *int64 `xmlrpc:"build_id,omitempty"`
	ExternalRepo     any    `xmlrpc:"external_repo,omitempty"`
	ExternalRepoID   *int64 `xmlrpc:"external_repo_id,omitempty"`
	ExternalRepoName string `xmlrpc:"external_repo_name,omitempty"`
	IsUpdate         *bool  `xmlrpc:"is_update,omitempty"`
}
