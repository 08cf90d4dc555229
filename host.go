package koji

// Host is a builder. Its name is the name of the user it logs in as.
// Arches are separated by spaces.
type Host struct {
	ID          int64    `xmlrpc:"id"`
	UserID      int64    `xmlrpc:"user_id"`
	Name        string   `xmlrpc:"name"`
	UpdateTS    *float64 `xmlrpc:"update_ts"`
	TaskLoad    float64  `xmlrpc:"task_load"`
	Ready       bool     `xmlrpc:"ready"`
	Arches      *string  `xmlrpc:"arches"`
	Capacity    float64  `xmlrpc:"capacity"`
	Description *string  `xmlrpc:"description"`
	Comment     *string  `xmlrpc:"comment"`
	Enabled     bool     `xmlrpc:"enabled"`
}

// Channel is a class of tasks that hosts subscribe to.
type Channel struct {
	ID          int64   `xmlrpc:"id"`
	Name        string  `xmlrpc:"name"`
	Description *string `xmlrpc:"description"`
	Enabled     bool    `xmlrpc:"enabled"`
	Comment     *string `xmlrpc:"comment"`
}
