#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int set_address(const char *path, struct sockaddr_un *out, struct diag *diag)
{
    size_t len = strlen(path);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len == 0 || len >= sizeof out->sun_path)
        return diag_set(diag, PTRD_EINVAL, "socket path %s: expected 1 to %zu bytes, found %zu",
                        path, sizeof out->sun_path - 1, len);
    memcpy(out->sun_path, path, len);
    return 0;
}

/* --- the lock --- */

static int refuse_locked(int fd, const char *path, struct diag *diag)
{
    char pid[24];
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return diag_set(diag, PTRD_EBUSY, "socket %s belongs to another running ptrd%s%s", path,
                    pid[0] ? ", process " : "", pid);
}

static int open_lock(const char *path, struct diag *diag)
{
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s.lock", path);
    if (n < 0 || (size_t)n >= sizeof name)
        return diag_set(diag, PTRD_EINVAL, "socket path %s is too long", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(diag, -errno, "cannot open the lock %s beside the socket: %s", name,
                        strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int rc = errno == EWOULDBLOCK
                     ? refuse_locked(fd, path, diag)
                     : diag_set(diag, -errno, "cannot lock %s: %s", name, strerror(errno));
        close(fd);
        return rc;
    }
    char pid[24];
    n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* only for the message above */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) < 0)
        (void)ftruncate(fd, 0);
    return fd;
}

/* --- the socket file --- */

/* What a connection attempt says of an existing socket file. */
static int try_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static int remove_stale(const struct sockaddr_un *address, struct diag *diag)
{
    const char *path = address->sun_path;
    struct stat st;
    if (lstat(path, &st) < 0) {
        if (errno == ENOENT)
            return 0;
        return diag_set(diag, -errno, "cannot look at the socket path %s: %s", path,
                        strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode))
        return diag_set(diag, PTRD_ECONFLICT,
                        "%s exists and is no socket: remove it or choose another --socket", path);
    int rc = try_connect(address);
    if (rc == 0 || rc == -EAGAIN)
        return diag_set(diag, PTRD_EBUSY, "another server is listening on %s", path);
    if (rc != -ECONNREFUSED && rc != -ENOENT)
        return diag_set(diag, rc, "cannot tell whether a server is listening on %s: %s", path,
                        strerror(-rc));
    if (unlink(path) < 0 && errno != ENOENT)
        return diag_set(diag, -errno, "cannot remove the stale socket %s: %s", path,
                        strerror(errno));
    return 0;
}

static int find_group(const char *group, gid_t *out)
{
    char buffer[16384], *end;
    struct group entry, *found = NULL;
    if (getgrnam_r(group, &entry, buffer, sizeof buffer, &found) == 0 && found) {
        *out = found->gr_gid;
        return 0;
    }
    errno = 0;
    unsigned long number = strtoul(group, &end, 10);
    if (errno || *end || end == group || *group == '-' || number >= (gid_t)-1)
        return PTRD_EINVAL;
    *out = (gid_t)number;
    return 0;
}

/* Between bind and listen nobody can connect, so the permissions are right from the first moment.
 */
static int set_owner(const char *path, unsigned mode, const char *group, struct diag *diag)
{
    gid_t gid;
    if (chmod(path, mode) < 0)
        return diag_set(diag, -errno, "cannot set the mode of socket %s: %s", path,
                        strerror(errno));
    if (!group)
        return 0;
    if (find_group(group, &gid) < 0)
        return diag_set(diag, PTRD_EINVAL, "socket-group: there is no group %s", group);
    if (chown(path, (uid_t)-1, gid) < 0)
        return diag_set(diag, -errno, "cannot give socket %s to group %s: %s", path, group,
                        strerror(errno));
    return 0;
}

static int bind_socket(const struct sockaddr_un *address, unsigned mode, const char *group,
                       struct diag *diag)
{
    const char *path = address->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return diag_set(diag, -errno, "cannot make a socket: %s", strerror(errno));
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        int rc = diag_set(diag, -errno, "cannot make the socket %s: %s", path, strerror(errno));
        close(fd);
        return rc;
    }
    int rc = set_owner(path, mode, group, diag);
    if (rc == 0 && listen(fd, BACKLOG) < 0)
        rc = diag_set(diag, -errno, "cannot listen on %s: %s", path, strerror(errno));
    if (rc < 0) {
        unlink(path);
        close(fd);
        return rc;
    }
    return fd;
}

int listener_open(const char *path, unsigned mode, const char *group, struct listener *out,
                  struct diag *diag)
{
    struct sockaddr_un address;
    int rc = set_address(path, &address, diag);
    if (rc < 0)
        return rc;
    int lock_fd = open_lock(path, diag);
    if (lock_fd < 0)
        return lock_fd;
    int fd = remove_stale(&address, diag);
    if (fd == 0)
        fd = bind_socket(&address, mode, group, diag);
    if (fd < 0) {
        close(lock_fd);
        return fd;
    }
    *out = (struct listener){.fd = fd, .lock_fd = lock_fd, .path = path};
    return 0;
}

int listener_take(int fd, struct listener *out, struct diag *diag)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return diag_set(diag, -errno, "the socket of the service manager: %s", strerror(errno));
    *out = (struct listener){.fd = fd, .lock_fd = -1};
    return 0;
}

void listener_close(struct listener *l)
{
    if (l->lock_fd >= 0)
        unlink(l->path);
    close(l->fd);
    if (l->lock_fd >= 0)
        close(l->lock_fd);
}
