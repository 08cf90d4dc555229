package sqlstore

import (
	"context"

	"koji"
)

// What a build's types tell of it: maven, win and image have tables of their own.

// MavenBuild is the Maven identity of a build, nil if it has none.
func (tx *Tx) MavenBuild(ctx context.Context, build int64) (*koji.MavenInfo, error) {
	return typedRow(ctx, tx, `SELECT group_id, artifact_id, version FROM maven_builds WHERE build_id = ?`, build, scanMaven)
}

// WinBuild is the platform of a Windows build, nil if it is none.
func (tx *Tx) WinBuild(ctx context.Context, build int64) (*string, error) {
	return typedRow(ctx, tx, `SELECT platform FROM win_builds WHERE build_id = ?`, build, value[string])
}

// IsImageBuild says whether a build is one of images.
func (tx *Tx) IsImageBuild(ctx context.Context, build int64) (bool, error) {
	id, err := typedRow(ctx, tx, `SELECT build_id FROM image_builds WHERE build_id = ?`, build, value[int64])
	return id != nil, err
}

// AddMavenBuild gives a build a Maven identity; one that it has stays.
func (tx *Tx) AddMavenBuild(ctx context.Context, build int64, m koji.MavenInfo) error {
	_, err := tx.exec(ctx, `INSERT INTO maven_builds (build_id, group_id, artifact_id, version) VALUES (?, ?, ?, ?) ON CONFLICT (build_id) DO NOTHING`,
		build, m.GroupID, m.ArtifactID, m.Version)
	return wrap(err, "make build %d a Maven build", build)
}

// SetWinBuild gives a build the platform of a Windows build.
func (tx *Tx) SetWinBuild(ctx context.Context, build int64, platform string) error {
	_, err := tx.exec(ctx, `INSERT INTO win_builds (build_id, platform) VALUES (?, ?) ON CONFLICT (build_id) DO UPDATE SET platform = excluded.platform`,
		build, platform)
	return wrap(err, "make build %d a Windows build", build)
}

// AddImageBuild makes a build one of images.
func (tx *Tx) AddImageBuild(ctx context.Context, build int64) error {
	_, err := tx.exec(ctx, `INSERT INTO image_builds (build_id) VALUES (?) ON CONFLICT (build_id) DO NOTHING`, build)
	return wrap(err, "make build %d an image build", build)
}
