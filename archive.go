package koji

// ArchiveType is a kind of file that is no rpm. Extensions are the endings by
// which it is known, separated by spaces.
type ArchiveType struct {
	ID              int64   `xmlrpc:"id"`
	Name            string  `xmlrpc:"name"`
	Description     string  `xmlrpc:"description"`
	Extensions      string  `xmlrpc:"extensions"`
	CompressionType *string `xmlrpc:"compression_type"`
}

// ChecksumType numbers a digest. Koji: reference/enums.md, CHECKSUM_TYPES.
type ChecksumType int

// The digests that are stored.
const (
	ChecksumMD5 ChecksumType = iota
	ChecksumSHA1
	ChecksumSHA256
)

var checksumTypes = []string{"md5", "sha1", "sha256"}

func (t ChecksumType) String() string { return nameOf(checksumTypes, int(t)) }

// ParseChecksumType is the digest of that name, in any case.
func ParseChecksumType(name string) (ChecksumType, error) {
	n, err := indexOf(checksumTypes, name, "checksum type")
	return ChecksumType(n), err
}

// Archive is a file of a build that is no rpm, as getArchive and listArchives
// tell it. What only one type of build has is nil where it isn't told.
type Archive struct {
	ID              int64        `xmlrpc:"id"`
	BType           *string      `xmlrpc:"btype"`
	BTypeID         *int64       `xmlrpc:"btype_id"`
	BuildID         int64        `xmlrpc:"build_id"`
	BuildrootID     *int64       `xmlrpc:"buildroot_id"`
	Checksum        string       `xmlrpc:"checksum"`
	ChecksumType    ChecksumType `xmlrpc:"checksum_type"`
	CompressionType *string      `xmlrpc:"compression_type"`
	Extra           any          `xmlrpc:"extra"`
	Filename        string       `xmlrpc:"filename"`
	MetadataOnly    bool         `xmlrpc:"metadata_only"`
	Size            int64        `xmlrpc:"size"`
	TypeDescription string       `xmlrpc:"type_description"`
	TypeExtensions  string       `xmlrpc:"type_extensions"`
	TypeID          int64        `xmlrpc:"type_id"`
	TypeName        string       `xmlrpc:"type_name"`
	*MavenInfo
	*WinInfo
	*ImageInfo
	ComponentBuildrootID *int64 `xmlrpc:"component_buildroot_id,omitempty"`
	Project              *bool  `xmlrpc:"project,omitempty"`
}

// MavenInfo is a Maven artifact's identity, of a build or of an archive.
type MavenInfo struct {
	GroupID    string `xmlrpc:"group_id"`
	ArtifactID string `xmlrpc:"artifact_id"`
	Version    string `xmlrpc:"version"`
}

// WinInfo is what is known of a Windows archive: where it lies below the
// build's files, and the platforms and flags, separated by spaces.
type WinInfo struct {
	Relpath   string  `xmlrpc:"relpath"`
	Platforms string  `xmlrpc:"platforms"`
	Flags     *string `xmlrpc:"flags"`
}

// ImageInfo is what is known of an image. RootID says whether its rpms are
// known; listArchives doesn't tell it.
type ImageInfo struct {
	Arch   string `xmlrpc:"arch"`
	RootID *bool  `xmlrpc:"rootid,omitempty"`
}

// ArchiveFile is a file, folder or link in an archive (listArchiveFiles). MTime
// is when it was changed. Mode, User and Group are a tar archive's.
type ArchiveFile struct {
	ArchiveID int64   `xmlrpc:"archive_id"`
	Name      string  `xmlrpc:"name"`
	Size      int64   `xmlrpc:"size"`
	MTime     int64   `xmlrpc:"mtime"`
	Mode      *int64  `xmlrpc:"mode,omitempty"`
	User      *string `xmlrpc:"user,omitempty"`
	Group     *string `xmlrpc:"group,omitempty"`
}
