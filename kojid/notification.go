package kojid

import (
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"

	"koji"
)

// letter is a mail before it is written. Header values are kept to one line.
type letter struct {
	headers [][2]string
	lines   []string
}

func (l *letter) header(name, value string) {
	l.headers = append(l.headers, [2]string{name, strings.Join(strings.Fields(value), " ")})
}

func (l *letter) line(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// text is the mail as it travels, with CRLF.
func (l *letter) text() []byte {
	var b strings.Builder
	for _, h := range l.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	for _, line := range strings.Split(strings.Join(l.lines, "\n"), "\n") {
		b.WriteString(strings.TrimRight(line, "\r") + "\r\n")
	}
	return []byte(b.String())
}

// runBuildNotification mails how a build ended.
func runBuildNotification(ctx context.Context, t *Task) (any, error) {
	var p struct {
		Recipients []string   `xmlrpc:"recipients"`
		Build      mailBuild  `xmlrpc:"build"`
		Target     mailTarget `xmlrpc:"target"`
		WebURL     string     `xmlrpc:"weburl"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	if len(p.Recipients) == 0 {
		return nil, nil
	}
	b := p.Build
	var now *koji.Build // the record may be of a time when it was still at work
	if err := t.call(ctx, "getBuild", &now, b.ID); err != nil {
		return nil, err
	}
	if now != nil {
		b.State = now.State
	}
	tag := p.Target.DestTagName
	if tag == "" {
		tag = "Unknown"
	}
	l := &letter{}
	l.header("From", t.cfg.FromAddr)
	l.header("Subject", fmt.Sprintf("Package: %s Tag: %s Status: %s Built by: %s", b.nvr(), tag, statusWord(b.State), b.OwnerName))
	l.header("To", strings.Join(p.Recipients, ", "))
	l.header("X-Koji-Tag", tag)
	l.header("X-Koji-Package", b.packageName())
	l.header("X-Koji-Builder", b.OwnerName)
	l.header("X-Koji-Status", statusWord(b.State))
	l.header("X-Koji-Draft", pyBool(b.Draft))
	l.line("Package: %s", b.nvr())
	l.line("Tag: %s", tag)
	l.line("Status: %s", statusWord(b.State))
	l.line("Built by: %s", b.OwnerName)
	l.line("ID: %d", b.ID)
	l.line("Task: %s/taskinfo?taskID=%d", strings.TrimRight(p.WebURL, "/"), b.TaskID)
	l.line("Build: %s/buildinfo?buildID=%d", strings.TrimRight(p.WebURL, "/"), b.ID)
	if err := t.send(ctx, p.Recipients, l); err != nil {
		return nil, err
	}
	return fmt.Sprintf("sent notification of build %d to: %s", b.ID, strings.Join(p.Recipients, ", ")), nil
}

// runTagNotification mails that a build was tagged, untagged or moved.
func runTagNotification(ctx context.Context, t *Task) (any, error) {
	var p struct {
		Recipients []string   `xmlrpc:"recipients"`
		Successful bool       `xmlrpc:"is_successful"`
		Tag        *tagRef    `xmlrpc:"tag_info"`
		From       *tagRef    `xmlrpc:"from_info"`
		Build      mailBuild  `xmlrpc:"build_info"`
		User       *koji.User `xmlrpc:"user_info"`
		Ignore     bool       `xmlrpc:"ignore_success"`
		Failure    string     `xmlrpc:"failure_msg"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	if len(p.Recipients) == 0 || p.Successful && p.Ignore {
		return nil, nil
	}
	user := ""
	if p.User != nil {
		user = p.User.Name
	}
	what, tag := tagOperation(p.Tag, p.From)
	status, result := "complete", "successfully "+what
	if !p.Successful {
		status, result = "failed", "not "+what
	}
	l := &letter{}
	l.header("From", t.cfg.FromAddr)
	l.header("Subject", fmt.Sprintf("%s %s by %s", p.Build.nvr(), result, user))
	l.header("To", strings.Join(p.Recipients, ", "))
	l.header("X-Koji-Package", p.Build.packageName())
	l.header("X-Koji-NVR", p.Build.nvr())
	l.header("X-Koji-Draft", pyBool(p.Build.Draft))
	l.header("X-Koji-User", user)
	l.header("X-Koji-Status", status)
	l.header("X-Koji-Tag", tag)
	l.line("Package: %s", p.Build.packageName())
	l.line("NVR: %s", p.Build.nvr())
	l.line("User: %s", user)
	l.line("Status: %s", status)
	l.line("%s %s by %s", p.Build.nvr(), result, user)
	if p.Failure != "" {
		l.line("Error: %s", p.Failure)
	}
	if err := t.send(ctx, p.Recipients, l); err != nil {
		return nil, err
	}
	return fmt.Sprintf("sent notification of tag operation %d to: %s", t.ID, strings.Join(p.Recipients, ", ")), nil
}

// tagOperation says what happened, and which tag it is about.
func tagOperation(to, from *tagRef) (what, tag string) {
	switch {
	case to != nil && from != nil:
		return fmt.Sprintf("moved from %s into %s", from.Name, to.Name), to.Name
	case to != nil:
		return "tagged into " + to.Name, to.Name
	case from != nil:
		return "untagged from " + from.Name, from.Name
	}
	return "tagged", ""
}

// mailBuild is a build's record as the hub puts it into these tasks.
type mailBuild struct {
	ID          int64           `xmlrpc:"id"`
	Name        string          `xmlrpc:"name"`
	PackageName string          `xmlrpc:"package_name"`
	Version     string          `xmlrpc:"version"`
	Release     string          `xmlrpc:"release"`
	State       koji.BuildState `xmlrpc:"state"`
	OwnerName   string          `xmlrpc:"owner_name"`
	TaskID      int64           `xmlrpc:"task_id"`
	Draft       bool            `xmlrpc:"draft"`
}

type mailTarget struct {
	DestTagName string `xmlrpc:"dest_tag_name"`
}

func (b *mailBuild) packageName() string {
	if b.PackageName != "" {
		return b.PackageName
	}
	return b.Name
}

func (b *mailBuild) nvr() string { return b.packageName() + "-" + b.Version + "-" + b.Release }

func statusWord(s koji.BuildState) string { return strings.ToLower(s.String()) }

// pyBool is how filters of mail know it from Koji.
func pyBool(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

// mailPatience bounds the whole talk with the mail server.
const mailPatience = time.Minute

// send hands a mail to the configured server.
func (t *Task) send(ctx context.Context, to []string, l *letter) error {
	if t.cfg.SMTPHost == "" || t.cfg.SMTPHost == defaultConfig().SMTPHost {
		return koji.NewError(koji.CodeConfiguration, "no mail server is configured on "+t.host.Name+": set smtphost in kojid.conf")
	}
	from, err := mail.ParseAddress(t.cfg.FromAddr)
	if err != nil {
		return koji.NewError(koji.CodeConfiguration, fmt.Sprintf("from_addr %q: %v", t.cfg.FromAddr, err))
	}
	address := t.cfg.SMTPHost
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host, address = address, net.JoinHostPort(address, "25")
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	if err := t.talkSMTP(ctx, host, address, from.Address, to, l.text()); err != nil {
		return koji.NewError(koji.CodeGeneric, fmt.Sprintf("mail could not be sent by %s: %v", address, err))
	}
	return nil
}

func (t *Task) talkSMTP(ctx context.Context, host, address, from string, to []string, text []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if t.cfg.SMTPUser != "" {
		// PLAIN goes over an encrypted or a local connection only.
		if err := c.Auth(smtp.PlainAuth("", t.cfg.SMTPUser, t.cfg.SMTPPass, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, address := range to {
		if err := c.Rcpt(address); err != nil {
			return fmt.Errorf("recipient %s: %w", address, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
