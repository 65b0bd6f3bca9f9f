/* Tells the database of this node, on a thread and a connection of its own: nothing of it is in the
 * way of a change. What is told is a cursor that the store has, so a change that the database calls
 * applied is answered; PowerDNS is given FLUSH_WAIT_MS to forget before it is told. */
#include "sync_p.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPORT_MS 100        /* at least between two reports while changes flow */
#define REPORT_IDLE_MS 30000 /* at most between two */
#define REPORT_RETRY_MS 3000
#define FLUSH_WAIT_MS 2000
#define UPKEEP_STEP_MS 1000 /* between two steps of the log's upkeep */

struct reporter {
    const struct sync_config *config;
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    /* under the lock */
    bool stopping, wake, quarantine;
    struct cursor cursor;
    char error[768]; /* why the node does not follow, or "" */
    /* the thread's own */
    struct pg *pg;
    char failure[768]; /* logged last */
    char upkeep_failure[768];
    int64_t upkeep_ms; /* when the change log is looked after next */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- what is told ----------------------------------------------------------------------------- */

void reporter_tell(struct reporter *r, const struct cursor *c, enum report_urgency urgency)
{
    struct cursor copy;
    if (cursor_copy(c, &copy))
        return; /* the next one says it as well */
    pthread_mutex_lock(&r->lock);
    cursor_done(&r->cursor);
    r->cursor = copy;
    r->wake |= urgency != REPORT_SOMETIME;
    r->quarantine |= urgency == REPORT_QUARANTINE;
    if (r->wake)
        pthread_cond_signal(&r->woken);
    pthread_mutex_unlock(&r->lock);
}

void reporter_tell_error(struct reporter *r, const char *error)
{
    pthread_mutex_lock(&r->lock);
    if (strcmp(r->error, error) != 0) {
        (void)snprintf(r->error, sizeof r->error, "%s", error);
        r->wake = true;
        pthread_cond_signal(&r->woken);
    }
    pthread_mutex_unlock(&r->lock);
}

/* --- one report ------------------------------------------------------------------------------- */

struct report {
    struct cursor cursor;
    bool quarantine;
    char error[768], flush_error[640];
    uint64_t generation;
};

/* Takes what is to be told. */
static int take(struct reporter *r, struct report *out)
{
    pthread_mutex_lock(&r->lock);
    int err = cursor_copy(&r->cursor, &out->cursor);
    out->quarantine = r->quarantine;
    memcpy(out->error, r->error, sizeof out->error);
    r->wake = r->quarantine = false;
    pthread_mutex_unlock(&r->lock);
    return err;
}

static void see_flusher(struct reporter *r, struct report *out)
{
    struct flusher *f = r->config->flusher;
    out->flush_error[0] = '\0';
    if (!f || flusher_wait(f, FLUSH_WAIT_MS) == PTRD_FOUND)
        return;
    for (unsigned i = 0; i < r->config->servers; i++) {
        struct flush_status status;
        flusher_status(f, i, &status);
        if (status.waiting)
            (void)snprintf(out->flush_error, sizeof out->flush_error, "%.256s: %s", status.server,
                           status.failing ? status.last_error : "no answer yet");
    }
}

static int read_generation(struct reporter *r, uint64_t *out)
{
    struct store_reader *reader = NULL;
    struct store_meta meta = {.data = 0};
    int err = store_reader_new(r->store, &reader);
    if (!err)
        err = store_read_begin(reader, &meta);
    store_reader_free(reader);
    *out = meta.data;
    return err;
}

static int send_report(struct reporter *r, struct report *report, struct diag *diag)
{
    const struct cursor *c = &report->cursor;
    const struct pg_node node = {.name = r->config->node,
                                 .system_id = c->system_id,
                                 .timeline = c->timeline,
                                 .database = c->database,
                                 .xmin = c->xmin,
                                 .applied = c->applied,
                                 .applied_count = c->count,
                                 .generation = report->generation,
                                 .error = report->error[0] ? report->error : NULL,
                                 .flush_error =
                                     report->flush_error[0] ? report->flush_error : NULL};
    bool fresh = !r->pg;
    char name[300];
    (void)snprintf(name, sizeof name, "ptr-admind %s (report)", r->config->node);
    int err = r->pg ? 0 : pg_open_plain(r->config->conninfo, name, true, &r->pg, diag);
    if (!err)
        err = pg_report_node(r->pg, &node, diag);
    if (!err && (report->quarantine || fresh))
        err = state_report(r->store, r->pg, r->config->node, diag);
    if (err) {
        pg_close(r->pg);
        r->pg = NULL;
    }
    return err;
}

/* Failing is of no use to the node's own answers: it is logged, no more. */
static int report_now(struct reporter *r)
{
    struct report report = {.generation = 0};
    struct diag diag = {.file = NULL};
    int err = take(r, &report);
    if (!err)
        err = read_generation(r, &report.generation);
    if (err)
        (void)diag_set(&diag, err, "%s", ptrd_strerror(err));
    if (!err) {
        see_flusher(r, &report);
        err = send_report(r, &report, &diag);
    }
    cursor_done(&report.cursor);
    if (err && strcmp(r->failure, diag.message) != 0) {
        char line[1000];
        (void)snprintf(line, sizeof line, "cannot tell the database of this node: %s",
                       diag.message);
        r->config->log(r->config->ctx, line);
    }
    memcpy(r->failure, diag.message, sizeof r->failure);
    return err;
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Until the time has come (and not before `least`), or something is to be told; false: the end. */
static bool wait_for_turn(struct reporter *r, int64_t least_ms, int64_t most_ms)
{
    pthread_mutex_lock(&r->lock);
    for (;;) {
        int64_t until = r->wake ? least_ms : most_ms;
        if (r->stopping || now_ms() >= until)
            break;
        const struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        (void)pthread_cond_timedwait(&r->woken, &r->lock, &at);
    }
    bool goes_on = !r->stopping;
    pthread_mutex_unlock(&r->lock);
    return goes_on;
}

/* It needs nothing of this node, and hangs on no other: whichever comes first does it. */
static void look_after_log(struct reporter *r)
{
    const struct sync_config *c = r->config;
    struct diag diag = {.file = NULL};
    if (!r->pg || now_ms() < r->upkeep_ms)
        return;
    int err = pg_upkeep(r->pg, c->keep_changes_h, c->upkeep_s, &diag);
    r->upkeep_ms = now_ms() + (err == PTRD_FOUND ? UPKEEP_STEP_MS : (int64_t)c->upkeep_s * 1000);
    if (err == PTRD_ELOST) {
        pg_close(r->pg);
        r->pg = NULL;
    }
    if (err < 0 && strcmp(r->upkeep_failure, diag.message) != 0) {
        char line[1000];
        (void)snprintf(line, sizeof line, "cannot look after the change log: %s", diag.message);
        c->log(c->ctx, line);
    }
    memcpy(r->upkeep_failure, diag.message, sizeof r->upkeep_failure);
}

static void *run(void *ctx)
{
    struct reporter *r = ctx;
    int64_t least_ms = 0, most_ms = 0;
    while (wait_for_turn(r, least_ms, most_ms)) {
        int err = report_now(r);
        look_after_log(r);
        int64_t now = now_ms();
        least_ms = now + (err ? REPORT_RETRY_MS : REPORT_MS);
        most_ms = now + (err ? REPORT_RETRY_MS : REPORT_IDLE_MS);
        if (!err && r->upkeep_ms < most_ms)
            most_ms = r->upkeep_ms > least_ms ? r->upkeep_ms : least_ms;
    }
    pg_close(r->pg);
    return NULL;
}

int reporter_new(const struct sync_config *config, struct store *store, struct reporter **out)
{
    struct reporter *r = calloc(1, sizeof *r);
    pthread_condattr_t attributes;
    if (!r)
        return PTRD_ENOMEM;
    r->config = config;
    r->store = store;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->woken, &attributes);
    pthread_condattr_destroy(&attributes);
    int err = pthread_create(&r->thread, NULL, run, r);
    if (err) {
        pthread_cond_destroy(&r->woken);
        pthread_mutex_destroy(&r->lock);
        free(r);
        return -err;
    }
    *out = r;
    return 0;
}

void reporter_free(struct reporter *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->woken);
    pthread_mutex_unlock(&r->lock);
    (void)pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->woken);
    pthread_mutex_destroy(&r->lock);
    cursor_done(&r->cursor);
    free(r);
}
