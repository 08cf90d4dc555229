package koji

// Notification is a subscription to mails about builds.
type Notification struct {
	ID          int64  `xmlrpc:"id"`
	UserID      int64  `xmlrpc:"user_id"`
	PackageID   *int64 `xmlrpc:"package_id"` // nil: any
	TagID       *int64 `xmlrpc:"tag_id"`     // nil: any
	SuccessOnly bool   `xmlrpc:"success_only"`
	Email       string `xmlrpc:"email"`
}

// NotificationBlock keeps mails about builds away from a user.
type NotificationBlock struct {
	ID        int64  `xmlrpc:"id"`
	UserID    int64  `xmlrpc:"user_id"`
	PackageID *int64 `xmlrpc:"package_id"` // nil: any
	TagID     *int64 `xmlrpc:"tag_id"`     // nil: any
}
