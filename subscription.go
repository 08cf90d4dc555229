package koji

// Subscription is a user's wish to get mail about builds (getBuildNotification).
// A nil package or tag stands for any.
type Subscription struct {
	ID          int64  `xmlrpc:"id"`
	UserID      int64  `xmlrpc:"user_id"`
	PackageID   *int64 `xmlrpc:"package_id"`
	TagID       *int64 `xmlrpc:"tag_id"`
	SuccessOnly bool   `xmlrpc:"success_only"`
	Email       string `xmlrpc:"email"`
}

// OptOut is a user's wish to get no mail about builds (getBuildNotificationBlock).
// A nil package or tag stands for any.
type OptOut struct {
	ID        int64  `xmlrpc:"id"`
	UserID    int64  `xmlrpc:"user_id"`
	PackageID *int64 `xmlrpc:"package_id"`
	TagID     *int64 `xmlrpc:"tag_id"`
}
