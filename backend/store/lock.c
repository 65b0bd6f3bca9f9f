/* writer.lock: one writer at a time, and who it is. */
#include "env_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 10
#define MARK " committing"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static size_t lock_text(int fd, char text[64])
{
    ssize_t n = pread(fd, text, 63, 0);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static int lock_refuse(int fd, const struct paths *paths, struct diag *diag)
{
    char text[64];
    lock_text(fd, text);
    long pid = strtol(text, NULL, 10);
    if (pid > 0)
        return diag_set(diag, PTRD_EBUSY, "%s is being written by process %ld; try again later",
                        paths->dir, pid);
    return diag_set(diag, PTRD_EBUSY, "%s is being written by another process; try again later",
                    paths->dir);
}

/* The file at the path is still the one that we locked (the directory may have been replaced). */
static bool lock_current(int fd, const struct paths *paths)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(paths->file[FILE_WRITER], &there) == 0 &&
           mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static int lock_wait(int fd, const struct paths *paths, uint64_t until_ms, struct diag *diag)
{
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return diag_set(diag, -errno, "%s: cannot lock: %s", paths->file[FILE_WRITER],
                            strerror(errno));
        if (now_ms() >= until_ms)
            return lock_refuse(fd, paths, diag);
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    }
    return 0;
}

int writer_lock(const struct paths *paths, unsigned wait_ms, struct diag *diag)
{
    uint64_t until_ms = now_ms() + wait_ms;
    for (;;) {
        int fd = open(paths->file[FILE_WRITER], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
        if (fd >= 0)
            file_give(paths, fd, 0660);
        else if (errno == EEXIST)
            fd = open(paths->file[FILE_WRITER], O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            int err = -errno;
            return diag_set(diag, err, "%s: cannot open for writing: %s", paths->file[FILE_WRITER],
                            strerror(-err));
        }
        int err = lock_wait(fd, paths, until_ms, diag);
        if (!err && lock_current(fd, paths))
            return fd;
        close(fd);
        if (err)
            return err;
    }
}

int writer_mark(int fd, bool committing)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%ld%s\n", (long)getpid(), committing ? MARK : "");
    /* longer first: a kill between the two calls leaves the mark, which is harmless */
    if (pwrite(fd, text, (size_t)len, 0) != len || ftruncate(fd, len))
        return errno ? -errno : PTRD_ESTORE;
    if (committing && fdatasync(fd))
        return -errno;
    return 0;
}

bool writer_was_committing(int fd)
{
    char text[64];
    lock_text(fd, text);
    return strstr(text, MARK) != NULL;
}

void writer_unlock(int fd)
{
    if (fd >= 0)
        close(fd); /* gives up the flock */
}
