//go:build linux

package buildroot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const noDevSuid = unix.MS_NOSUID | unix.MS_NODEV

// mount makes the view the command gets. All mounts are made in the stage's own
// mount namespace, so the kernel takes them away with its last process.
//
// What is in the root was put there by packages: paths inside it are opened
// with RESOLVE_IN_ROOT and mounted on by descriptor, lest a link leads out.
func (o *order) mount() error {
	if err := mountAt("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return err
	}
	if o.Outside {
		if err := freezeHost(o.Work); err != nil {
			return err
		}
	}
	if ov := o.Overlay; ov != nil {
		data := "lowerdir=" + ov.Lower + ",upperdir=" + ov.Upper + ",workdir=" + ov.Work
		if err := mountAt("overlay", o.Root, "overlay", unix.MS_NODEV, data); err != nil {
			return err
		}
	} else {
		if err := mountAt(o.Root, o.Root, "", unix.MS_BIND, ""); err != nil {
			return err
		}
		if err := mountAt("", o.Root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_NODEV, ""); err != nil {
			return err
		}
	}
	root, err := unix.Open(o.Root, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open root: %w", err)
	}
	defer unix.Close(root)
	if err := o.mountKernel(root); err != nil {
		return err
	}
	if err := mountDev(root); err != nil {
		return err
	}
	for _, b := range o.Binds {
		flags := uintptr(noDevSuid)
		if b.ReadOnly {
			flags |= unix.MS_RDONLY
		}
		if err := bindInside(root, b.Src, b.Dst, flags); err != nil {
			return err
		}
	}
	if err := unix.Sethostname([]byte("localhost")); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if !o.Network {
		if err := loUp(); err != nil {
			return err
		}
	}
	if o.Outside {
		return nil
	}
	return enter(root)
}

// enter makes root the root and leaves nothing of the old one reachable.
func enter(root int) error {
	if err := unix.Fchdir(root); err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	// With both arguments "." the old root ends up stacked on the new one.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	return nil
}

// freezeHost makes everything read-only but work: package scripts run as root
// under dnf, which needs the host's files.
func freezeHost(work string) error {
	if err := mountAt(work, work, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if errors.Is(err, unix.ENOSYS) {
		fmt.Fprintln(os.Stderr, "this kernel has no mount_setattr (Linux 5.12): the host stays writable to package scripts")
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the host read-only: %w", err)
	}
	err = unix.MountSetattr(unix.AT_FDCWD, work, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		return fmt.Errorf("make %s writable: %w", work, err)
	}
	return nil
}

// mountKernel mounts proc and sys. What root could change the kernel by through
// file permissions alone is made read-only. dnf gets a tmpfs for /sys, since the
// filesystem package wants to write there.
func (o *order) mountKernel(root int) error {
	if err := mountInside(root, "proc", "proc", "/proc", noDevSuid|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	for _, p := range []string{"sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"} {
		err := bindInside(root, "", "/proc/"+p, noDevSuid|unix.MS_NOEXEC|unix.MS_RDONLY)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	if o.Outside {
		return mountInside(root, "tmpfs", "tmpfs", "/sys", noDevSuid|unix.MS_NOEXEC, "mode=755,size=1m")
	}
	typ, flags := "sysfs", uintptr(noDevSuid|unix.MS_NOEXEC|unix.MS_RDONLY)
	if o.Network {
		// The host's network namespace belongs to the host's sysfs.
		typ = "tmpfs"
	}
	return mountInside(root, typ, typ, "/sys", flags, "")
}

// mountDev gives the root a /dev with the harmless devices only.
func mountDev(root int) error {
	if err := mountInside(root, "tmpfs", "tmpfs", "/dev", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755,size=1m"); err != nil {
		return err
	}
	dev, err := openInside(root, "/dev")
	if err != nil {
		return err
	}
	defer unix.Close(dev)
	for _, n := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		fd, err := unix.Openat(dev, n, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o666)
		if err != nil {
			return fmt.Errorf("make /dev/%s: %w", n, err)
		}
		unix.Close(fd)
		if err := bindInside(root, "/dev/"+n, "/dev/"+n, 0); err != nil {
			return err
		}
	}
	for _, d := range []string{"pts", "shm"} {
		if err := unix.Mkdirat(dev, d, 0o755); err != nil {
			return fmt.Errorf("make /dev/%s: %w", d, err)
		}
	}
	if err := mountInside(root, "devpts", "devpts", "/dev/pts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"); err != nil {
		return err
	}
	if err := mountInside(root, "tmpfs", "tmpfs", "/dev/shm", noDevSuid, "mode=1777"); err != nil {
		return err
	}
	links := [][2]string{{"ptmx", "pts/ptmx"}, {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}}
	for _, l := range links {
		if err := unix.Symlinkat(l[1], dev, l[0]); err != nil {
			return fmt.Errorf("make /dev/%s: %w", l[0], err)
		}
	}
	return nil
}

// mountInside mounts a file system on a directory of the root, made if missing.
func mountInside(root int, src, typ, dst string, flags uintptr, data string) error {
	name := strings.TrimPrefix(dst, "/")
	if !strings.Contains(name, "/") {
		if err := unix.Mkdirat(root, name, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("make %s: %w", dst, err)
		}
	}
	fd, err := openInside(root, dst)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return mountAt(src, fdPath(fd), typ, flags, data)
}

// bindInside mounts a file or directory of the host on one in the root, with the
// given flags. src "" is dst itself.
func bindInside(root int, src, dst string, flags uintptr) error {
	fd, err := openInside(root, dst)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if src == "" {
		src = fdPath(fd)
	}
	if err := mountAt(src, fdPath(fd), "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", dst, err)
	}
	if flags == 0 {
		return nil
	}
	over, err := openInside(root, dst) // now the bound one
	if err != nil {
		return err
	}
	defer unix.Close(over)
	if err := mountAt("", fdPath(over), "", unix.MS_REMOUNT|unix.MS_BIND|flags, ""); err != nil {
		return fmt.Errorf("restrict %s: %w", dst, err)
	}
	return nil
}

func openInside(root int, path string) (int, error) {
	fd, err := unix.Openat2(root, path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return -1, fmt.Errorf("open %s in the root: %w", path, err)
	}
	return fd, nil
}

func fdPath(fd int) string { return filepath.Join("/proc/self/fd", fmt.Sprint(fd)) }

func mountAt(src, dst, typ string, flags uintptr, data string) error {
	if err := unix.Mount(src, dst, typ, flags, data); err != nil {
		return fmt.Errorf("mount %s %s on %s: %w", typ, src, dst, err)
	}
	return nil
}
