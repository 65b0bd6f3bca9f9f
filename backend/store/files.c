/* The files of a store as the file system has them: whose they are, and that lock.mdb has its
 * blocks. */
#include "env_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As LMDB computes it: a cache line a slot, and the header. */
#define LOCK_SIZE ((off_t)STORE_READERS_MAX * 64 + 128)

void file_give(const struct paths *paths, int fd, unsigned mode)
{
    struct stat dir;
    (void)!fchmod(fd, mode);
    if (geteuid() == 0 && stat(paths->dir, &dir) == 0)
        (void)!fchown(fd, dir.st_uid, dir.st_gid);
}

static int allocate(int fd)
{
    struct stat st;
    if (fstat(fd, &st))
        return -errno;
    /* one in use keeps its size: other processes have mapped no more of it */
    off_t size = st.st_size ? st.st_size : LOCK_SIZE;
    if (st.st_size && (off_t)st.st_blocks * 512 >= size)
        return 0;
    return fallocate(fd, 0, 0, size) ? -errno : 0;
}

/* LMDB makes lock.mdb with a hole in it and writes it through a map, where no room on the disk is
 * SIGBUS. */
int lock_file_prepare(const struct paths *paths, struct diag *diag)
{
    const char *path = paths->file[FILE_LOCK];
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
    if (fd >= 0)
        file_give(paths, fd, 0660); /* readers of the group register in it */
    else if (errno == EEXIST)
        fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 0; /* LMDB says why */
    int err = allocate(fd);
    close(fd);
    if (err != -ENOSPC && err != -EDQUOT && err != -EFBIG)
        return 0; /* nothing that a file system which cannot do it would need */
    return diag_set(diag, err, "%s: %s", path, strerror(-err));
}

int access_refuse(const struct paths *paths, enum store_open_mode mode, int err, struct diag *diag)
{
    struct stat st;
    char owner[64] = "";
    if (stat(paths->file[FILE_DATA], &st) == 0 || stat(paths->dir, &st) == 0)
        snprintf(owner, sizeof owner, ", the store belongs to user %lu", (unsigned long)st.st_uid);
    return diag_set(diag, err, "%s: %s (this is user %lu%s): %s", paths->dir, strerror(-err),
                    (unsigned long)geteuid(), owner,
                    mode != STORE_OPEN_CREATE
                        ? "readers need to enter the directory, to read data.mdb and to write "
                          "lock.mdb; load as the user that ptrd runs as, or as root into a "
                          "directory of that user"
                        : "loading needs to write the directory and its files");
}
