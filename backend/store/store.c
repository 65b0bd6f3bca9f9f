#include "mapped_p.h"
#include "store_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIND_TRIES 4
#define WAITING_MOST ((size_t)32 << 20)

/* --- environments --- */

static bool lock_in_use(const struct store *s, const struct identity *there)
{
    for (const struct env *e = s->envs; e; e = e->next) {
        if (there->lock_ino != 0 && e->identity.lock_ino == there->lock_ino &&
            e->identity.lock_dev == there->lock_dev)
            return true;
    }
    return false;
}

/* data.mdb was replaced alone and lock.mdb is the old one's: takes it away, so that a new one is
 * made. Under writer.lock, so no writer works with it; processes that still use it notice by its
 * inode at their next transaction. */
static int lock_replace(const struct paths *paths, const struct identity *there, struct diag *diag)
{
    int fd = writer_lock(paths, 1000, diag);
    if (fd < 0)
        return fd;
    struct identity now;
    off_t size;
    int err = identity_read(paths, &now, &size);
    if (!err && identity_equal(&now, there) && unlink(paths->file[FILE_LOCK]) && errno != ENOENT)
        err = -errno;
    writer_unlock(fd);
    if (err)
        return diag_set(diag, err, "%s: cannot replace it: %s", paths->file[FILE_LOCK],
                        strerror(-err));
    return 0;
}

/* lock.mdb seems to be another data file's. Looked at again while no writer can be between its two
 * steps; if it still is, it goes. */
static int lock_settle(const struct store *s, const struct paths *paths, struct env **out,
                       struct diag *diag)
{
    int fd = writer_lock(paths, 1000, diag);
    if (fd < 0)
        return fd;
    int err = env_open(paths, s->mode, s->map_size, out, diag);
    if (err == PTRD_ELOCKFILE) {
        if (unlink(paths->file[FILE_LOCK]) && errno != ENOENT)
            err = diag_set(diag, -errno, "%s: cannot replace it: %s", paths->file[FILE_LOCK],
                           strerror(errno));
        else
            err = env_open(paths, s->mode, s->map_size, out, diag);
    }
    writer_unlock(fd);
    return err == PTRD_ELOCKFILE ? PTRD_ECORRUPT : err;
}

static int store_open_env(struct store *s, const struct paths *paths, const struct identity *there,
                          struct env **out, struct diag *diag)
{
    struct env *e;
    if (there && lock_in_use(s, there)) {
        int err = lock_replace(paths, there, diag);
        if (err)
            return err;
    }
    int err = env_open(paths, s->mode, s->map_size, &e, diag);
    if (err == PTRD_ELOCKFILE)
        err = lock_settle(s, paths, &e, diag);
    if (err)
        return err;
    e->number = ++s->numbers;
    e->next = s->envs;
    s->envs = e;
    *out = e;
    return 0;
}

static void env_unref(struct store *s, struct env *e)
{
    if (!e || --e->refs > 0)
        return;
    for (struct env **at = &s->envs; *at; at = &(*at)->next) {
        if (*at == e) {
            *at = e->next;
            break;
        }
    }
    env_free(e);
}

static struct env *find_open(const struct store *s, const struct identity *there)
{
    struct env *e = s->envs;
    while (e && (!identity_equal(&e->identity, there) || atomic_load(&e->foreign)))
        e = e->next;
    return e;
}

/* Opens what lies in the directory that fd is, whatever the path names meanwhile: two environments
 * with one lock.mdb must never be open in a process, since closing one gives up the reader slots of
 * both. */
static int open_in(struct store *s, int fd, struct env **out, struct diag *diag)
{
    struct paths fixed;
    struct identity there;
    off_t size;
    char dir[40];
    snprintf(dir, sizeof dir, "/proc/self/fd/%d", fd);
    if (access(dir, X_OK) && errno == ENOENT)
        fixed = s->paths; /* no /proc */
    else if (paths_init(dir, &fixed, NULL))
        return PTRD_EINVAL;
    int err = identity_read(&fixed, &there, &size);
    if (err)
        return diag_set(diag, err, "%s: %s", s->paths.file[FILE_DATA], strerror(-err));
    *out = find_open(s, &there);
    return *out ? 0 : store_open_env(s, &fixed, &there, out, diag);
}

static int open_anew(struct store *s, struct env **out, struct diag *diag)
{
    int fd = open(s->paths.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        int err = -errno;
        return diag_set(diag, err, "%s: %s", s->paths.dir, strerror(-err));
    }
    int err = open_in(s, fd, out, diag);
    close(fd);
    return err;
}

/* The environment of what lies at the path, opened if it is not. Files that are exchanged meanwhile
 * are looked at again. */
static int find_env(struct store *s, struct env **out, struct diag *diag)
{
    struct identity there, now;
    off_t size;
    for (int tries = 1;; tries++) {
        int err = identity_read(&s->paths, &there, &size);
        if (err)
            return diag_set(diag, err, "%s: %s", s->paths.file[FILE_DATA], strerror(-err));
        *out = find_open(s, &there);
        if (!*out)
            err = open_anew(s, out, diag);
        if (err == 0 || tries == FIND_TRIES || identity_read(&s->paths, &now, &size) ||
            identity_equal(&now, &there))
            return err;
    }
}

static int acquire_locked(struct store *s, struct env **out, struct diag *diag)
{
    struct env *e = NULL;
    int err = find_env(s, &e, diag);
    if (err)
        return err;
    if (e != s->current) {
        e->refs++;
        env_unref(s, s->current);
        s->current = e;
    }
    e->refs++;
    *out = e;
    return 0;
}

int store_acquire(struct store *s, struct env **out, struct diag *diag)
{
    pthread_mutex_lock(&s->lock);
    int err = acquire_locked(s, out, diag);
    pthread_mutex_unlock(&s->lock);
    return err;
}

void store_release(struct store *s, struct env *e)
{
    pthread_mutex_lock(&s->lock);
    env_unref(s, e);
    pthread_mutex_unlock(&s->lock);
}

int store_open_tables(struct store *s, struct env *e)
{
    pthread_mutex_lock(&s->lock);
    int err = env_open_tables(e, NULL);
    pthread_mutex_unlock(&s->lock);
    return err;
}

/* --- the public handle --- */

static int dir_check(const struct paths *paths, enum store_open_mode mode, struct diag *diag)
{
    struct stat st;
    if (mode == STORE_OPEN_CREATE && mkdir(paths->dir, 0750) && errno != EEXIST)
        return diag_set(diag, -errno, "%s: cannot make the directory: %s", paths->dir,
                        strerror(errno));
    if (stat(paths->dir, &st)) {
        int err = -errno;
        return diag_set(diag, err, "%s: %s%s", paths->dir, strerror(-err),
                        err == -ENOENT ? "; `ptrctl load FILE --db DIR` makes a store" : "");
    }
    if (!S_ISDIR(st.st_mode))
        return diag_set(diag, -ENOTDIR, "%s is not a directory; a store is one", paths->dir);
    if (stat(paths->file[FILE_DATA], &st) == 0 || errno == ENOENT)
        return 0;
    if (errno == EACCES)
        return access_refuse(paths, mode, -errno, diag);
    return diag_set(diag, -errno, "%s: %s", paths->file[FILE_DATA], strerror(errno));
}

static int nothing_loaded(const struct paths *paths, struct diag *diag)
{
    return diag_set(diag, -ENOENT, "%s holds no data yet; load some: ptrctl load FILE --db %s",
                    paths->dir, paths->dir);
}

/* What LMDB would take for a new environment or read beyond the end of. */
static int file_check(const struct paths *paths, enum store_open_mode mode, struct diag *diag)
{
    struct stat st;
    if (stat(paths->file[FILE_DATA], &st))
        return mode != STORE_OPEN_CREATE ? nothing_loaded(paths, diag) : 0;
    if (!S_ISREG(st.st_mode))
        return diag_set(diag, PTRD_ECORRUPT, "%s is not a regular file", paths->file[FILE_DATA]);
    if (st.st_size == 0)
        return mode != STORE_OPEN_CREATE ? nothing_loaded(paths, diag) : 0;
    if (st.st_size < 2 * 4096)
        return diag_set(diag, PTRD_ECORRUPT,
                        "%s is truncated or no store: %lld bytes; restore it, or move it away and "
                        "load again",
                        paths->file[FILE_DATA], (long long)st.st_size);
    return 0;
}

int store_open_mapped(const char *dir, enum store_open_mode mode, size_t map_size,
                      struct store **out, struct diag *diag)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    s->mode = mode;
    s->map_size = map_size;
    s->waiting_most = WAITING_MOST;
    pthread_mutex_init(&s->lock, NULL);
    int err = paths_init(dir, &s->paths, diag);
    if (!err)
        err = dir_check(&s->paths, mode, diag);
    if (!err)
        err = file_check(&s->paths, mode, diag);
    if (!err)
        err = store_open_env(s, &s->paths, NULL, &s->current, diag);
    if (!err) {
        s->current->refs = 1;
        if (mode != STORE_OPEN_CREATE && !atomic_load(&s->current->tables_open))
            err = nothing_loaded(&s->paths, diag);
    }
    if (err)
        store_close(s);
    else
        *out = s;
    return err;
}

void store_waiting_most(struct store *s, size_t octets)
{
    s->waiting_most = octets;
}

int store_open(const char *dir, enum store_open_mode mode, struct store **out, struct diag *diag)
{
    return store_open_mapped(dir, mode, 0, out, diag);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    while (s->envs) {
        struct env *e = s->envs;
        s->envs = e->next;
        env_free(e);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int store_clear_dead_readers(struct store *s)
{
    struct env *e;
    int dead = 0;
    int err = store_acquire(s, &e, NULL);
    if (err)
        return err;
    err = store_error(mdb_reader_check(e->mdb, &dead));
    store_release(s, e);
    return err ? err : dead;
}
