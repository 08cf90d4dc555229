package koji

// Package is the name that builds of one source share.
type Package struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
}

// TagPackage is a package's place in a tag's list (listPackages, getPackageConfig).
// Owners are left out where they were not asked for.
type TagPackage struct {
	PackageID   int64   `xmlrpc:"package_id"`
	PackageName string  `xmlrpc:"package_name"`
	TagID       int64   `xmlrpc:"tag_id"`
	TagName     string  `xmlrpc:"tag_name"`
	OwnerID     *int64  `xmlrpc:"owner_id,omitempty"`
	OwnerName   string  `xmlrpc:"owner_name,omitempty"`
	ExtraArches *string `xmlrpc:"extra_arches"`
	Blocked     bool    `xmlrpc:"blocked"`
}
