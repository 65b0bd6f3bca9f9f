#include "sync_p.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 5000
#define LISTEN_MS 5000 /* how often a server that tells changes is asked all the same */
#define CONTACT_S 60   /* how old cursor and contact in the store may be */
#define BUSY_MS 200

void sync_log(struct sync *s, const char *format, ...)
{
    char line[1200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    s->config.log(s->config.ctx, line);
}

/* --- the store -------------------------------------------------------------------------------- */

/* Two would take turns with two cursors. Held until the process ends, however it does. */
static int take_lock(struct sync *s, struct diag *diag)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/sync.lock", s->config.db);
    if (n < 0 || (size_t)n >= sizeof path)
        return diag_set(diag, -ENAMETOOLONG, "%s: the path is too long", s->config.db);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (s->lock_fd < 0)
        return diag_set(diag, -errno, "cannot open %s: %s", path, ptrd_strerror(-errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return diag_set(diag, PTRD_EBUSY, "another ptr-admind keeps %s", s->config.db);
    return 0;
}

int sync_new(const struct sync_config *config, struct sync **out, struct diag *diag)
{
    struct sync *s = calloc(1, sizeof *s);
    if (!s)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    s->config = *config;
    s->lock_fd = -1;
    s->purges = purge_set_new();
    int err = s->purges ? store_open(config->db, STORE_OPEN_CREATE, &s->store, diag)
                        : diag_set(diag, PTRD_ENOMEM, "no memory");
    if (!err)
        err = take_lock(s, diag);
    if (!err) {
        err = state_read_cursor(s->store, &s->cursor);
        /* a store that holds nothing has none, and of a damaged one all is read */
        s->follows = !err && s->cursor.xmin > 0;
        err = reporter_new(&s->config, s->store, &s->reporter);
        if (err)
            (void)diag_set(diag, err, "cannot start a thread: %s", ptrd_strerror(err));
        else if (s->follows)
            reporter_tell(s->reporter, &s->cursor, REPORT_SOON);
    }
    if (err)
        sync_free(s);
    else
        *out = s;
    return err;
}

void sync_free(struct sync *s)
{
    if (!s)
        return;
    reporter_free(s->reporter);
    pg_close(s->pg);
    cursor_done(&s->cursor);
    table_free(s->table);
    purge_aliases_free(s->aliases);
    purge_set_free(s->purges);
    store_close(s->store);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

int sync_table(struct sync *s, struct store_reader *r, const struct store_meta *meta)
{
    uint64_t environment = store_reader_environment(r);
    if (s->table && s->table_environment == environment && s->table_structure == meta->structure)
        return 0;
    table_free(s->table);
    s->table = NULL;
    s->table_environment = environment;
    s->table_structure = meta->structure;
    return snapshot_table(r, &s->table);
}

void sync_advanced(struct sync *s, struct cursor *next, uint64_t generation)
{
    cursor_done(&s->cursor);
    s->cursor = *next;
    *next = (struct cursor){.applied = NULL};
    s->follows = true;
    s->written_s = (int64_t)time(NULL);
    s->generation = generation;
    if (s->config.flusher)
        flusher_add(s->config.flusher, s->purges);
    purge_clear(s->purges);
    reporter_tell(s->reporter, &s->cursor, s->quarantine_changed ? REPORT_QUARANTINE : REPORT_SOON);
    s->quarantine_changed = false;
}

/* --- one round -------------------------------------------------------------------------------- */

static int connect_database(struct sync *s, struct diag *diag)
{
    char name[300];
    (void)snprintf(name, sizeof name, "ptr-admind %s", s->config.node);
    int err = pg_open(s->config.conninfo, name, &s->pg, diag);
    if (!err)
        err = pg_check_version(s->pg, diag);
    if (!err)
        sync_log(s, "connected to PostgreSQL%s",
                 pg_listens(s->pg) ? "" : ", a standby, which is polled");
    return err;
}

/* Nothing new: what the store knows of the cursor must not become too old to follow from. */
static int keep_contact(struct sync *s, struct cursor *next, struct diag *diag)
{
    struct store_writer *w;
    struct store_meta meta;
    if ((int64_t)time(NULL) - s->written_s < CONTACT_S) {
        /* all that the log names is in the store, so this is true of it as well */
        reporter_tell(s->reporter, next, REPORT_SOMETIME);
        cursor_done(next);
        return 0;
    }
    int err = store_write_begin(s->store, SYNC_WAIT_MS, &w, &meta, diag);
    if (err)
        return err;
    err = state_check_cursor(s, w);
    if (!err)
        err = state_put_cursor(w, next);
    if (err) {
        store_write_abort(w);
        return diag_set(diag, err, "cannot write the store: %s", ptrd_strerror(err));
    }
    meta.contact_s = (int64_t)time(NULL);
    err = store_write_commit(w, &meta, diag);
    if (!err)
        sync_advanced(s, next, meta.data);
    return err;
}

static int apply_changes(struct sync *s, const struct pg_changes *changes, struct cursor *next,
                         struct diag *diag)
{
    int err = changes->structure ? apply_structure(s, changes, next, diag)
                                 : apply_ptrs(s, changes, next, diag);
    return err == PTRD_ECONFLICT ? full_load(s, diag) : err;
}

static int follow_log(struct sync *s, struct diag *diag)
{
    struct pg_changes changes = {.rows = 0};
    struct cursor next = {.applied = NULL};
    struct xid_range *missing = NULL;
    size_t count;
    int err = cursor_missing(&s->cursor, &missing, &count);
    if (err)
        return diag_set(diag, err, "no memory");
    err = pg_read_changes(s->pg, missing, count, &changes, diag);
    free(missing);
    if (!err && cursor_advance(&s->cursor, &s->state, changes.xids, changes.xid_count, &next))
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    bool any = changes.rows > 0;
    if (!err && any)
        err = apply_changes(s, &changes, &next, diag);
    pg_end(s->pg);
    if (!err && !any)
        err = keep_contact(s, &next, diag);
    cursor_done(&next);
    pg_changes_done(&changes);
    return err ? err : any ? PTRD_FOUND : PTRD_ABSENT;
}

/* PTRD_FOUND: something was new. */
static int sync_round(struct sync *s, struct diag *diag)
{
    int err = s->pg ? 0 : connect_database(s, diag);
    int moved = err ? err : pg_moved(s->pg, diag);
    if (moved == PTRD_ABSENT && s->follows && !s->again &&
        (int64_t)time(NULL) - s->written_s < CONTACT_S)
        return PTRD_ABSENT;
    err = moved < 0 ? moved : 0;
    if (!err)
        err = pg_begin(s->pg, &s->state, diag);
    if (err)
        return err;
    if (s->follows && cursor_follows(&s->cursor, &s->state)) {
        err = follow_log(s, diag);
    } else {
        if (s->follows)
            sync_log(s, "the change log does not lead on from what the store has: reading all");
        err = full_load(s, diag);
        err = err ? err : PTRD_FOUND;
    }
    pg_end(s->pg);
    return err;
}

/* --- the loop --------------------------------------------------------------------------------- */

static bool stopped(int stop_fd, int wait_ms)
{
    struct pollfd fd = {.fd = stop_fd, .events = POLLIN};
    return poll(&fd, 1, wait_ms) > 0;
}

static unsigned wait_ms(const struct sync *s, bool flows)
{
    return pg_listens(s->pg) ? LISTEN_MS : flows ? s->config.poll_ms : s->config.idle_ms;
}

struct failing {
    char message[768]; /* of the last failure; it is logged when it is another one */
    unsigned backoff_ms;
};

static void fail(struct sync *s, struct failing *f, int err, const struct diag *diag, int stop_fd)
{
    if (strcmp(f->message, diag->message) != 0)
        sync_log(s, "%s; trying again", diag->message);
    memcpy(f->message, diag->message, sizeof f->message);
    reporter_tell_error(s->reporter, diag->message);
    if (err != PTRD_EBUSY) {
        pg_close(s->pg);
        s->pg = NULL;
    }
    f->backoff_ms = f->backoff_ms ? f->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (f->backoff_ms > BACKOFF_LAST_MS)
        f->backoff_ms = BACKOFF_LAST_MS;
    (void)stopped(stop_fd, err == PTRD_EBUSY ? BUSY_MS : (int)f->backoff_ms);
}

static void fine(struct sync *s, struct failing *f)
{
    if (f->backoff_ms)
        sync_log(s, "the store is in step with the database again");
    reporter_tell_error(s->reporter, "");
    *f = (struct failing){.backoff_ms = 0};
}

static void tell_ready(struct sync *s)
{
    if (s->follows && !s->told_ready && s->config.ready)
        s->config.ready(s->config.ctx);
    s->told_ready |= s->follows;
}

void sync_run(struct sync *s, int stop_fd)
{
    struct failing failing = {.backoff_ms = 0};
    tell_ready(s);
    while (!stopped(stop_fd, 0)) {
        struct diag diag = {.file = NULL};
        int err = sync_round(s, &diag);
        tell_ready(s);
        if (err >= 0) {
            bool flows = err == PTRD_FOUND;
            s->again = false;
            fine(s, &failing);
            err = pg_wait(s->pg, stop_fd, wait_ms(s, flows), &diag);
        }
        s->again |= err < 0;
        if (err < 0)
            fail(s, &failing, err, &diag, stop_fd);
    }
}
