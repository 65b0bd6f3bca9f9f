/* A thread a server. Of each server there are three sets: what waits, what is being purged, and
 * what is to be purged once more. */
#include "ptrd/sync/flush.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 10000

struct server {
    struct flusher *flusher;
    pthread_t thread;
    bool started;
    char *name; /* of the socket or the API */
    struct flush_link *link;
    struct purge_set *waiting, *working;
    struct purge_set *again, *again_next; /* purged before and after again_ms was set */
    int64_t since_ms, working_since_ms;   /* of the oldest in waiting and working; 0: empty */
    int64_t again_ms;                     /* when `again` is due; 0: empty */
    bool again_next_filled;
    bool repeated;    /* the last flush was a repetition: new changes go first now */
    int64_t retry_ms; /* not before; 0: at once */
    unsigned backoff_ms;
    uint64_t added, done; /* numbers of flusher_add: the last one, the last one flushed */
    struct flush_status status;
};

struct flusher {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was added, something is done, or the end has come */
    bool stopping;
    unsigned count, timeout_ms, repeat_ms;
    void (*report)(void *ctx, const char *server, const char *error);
    void *ctx;
    struct server servers[];
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec at_ms(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* --- one server, with the lock held ----------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return !a || (b && b < a) ? b : a;
}

/* When it has something to do; 0: not before something is added. */
static int64_t due_ms(const struct server *s)
{
    int64_t due = earlier(s->since_ms, s->again_ms);
    return due && s->retry_ms > due ? s->retry_ms : due;
}

static void swap(struct purge_set **a, struct purge_set **b)
{
    struct purge_set *was = *a;
    *a = *b;
    *b = was;
}

static void take_again(struct server *s, int64_t now)
{
    swap(&s->again, &s->working);
    s->again_ms = 0;
    if (!s->again_next_filled)
        return;
    swap(&s->again, &s->again_next);
    s->again_ms = now + s->flusher->repeat_ms;
    s->again_next_filled = false;
}

/* Moves what is due to working: what waits, or, by turns if both are due, what is to be repeated
 * (true). Never both: what is repeated is not repeated again. */
static bool take(struct server *s, int64_t now)
{
    s->repeated = s->again_ms && s->again_ms <= now && !(s->since_ms && s->repeated);
    if (s->repeated) {
        take_again(s, now);
        return true;
    }
    swap(&s->waiting, &s->working);
    s->working_since_ms = s->since_ms;
    s->since_ms = 0;
    return false;
}

static void plan_repetition(struct server *s, int64_t now)
{
    if (!s->flusher->repeat_ms)
        return;
    if (!s->again_ms) {
        purge_merge(s->again, s->working);
        s->again_ms = now + s->flusher->repeat_ms;
    } else {
        purge_merge(s->again_next, s->working);
        s->again_next_filled = true;
    }
}

static void succeeded(struct server *s, int64_t now, bool repeats)
{
    if (!repeats)
        plan_repetition(s, now);
    purge_clear(s->working);
    s->working_since_ms = 0;
    s->retry_ms = 0;
    s->backoff_ms = 0;
    s->status.failing = false;
}

static void failed(struct server *s, int64_t now, const char *why)
{
    purge_merge(s->waiting, s->working);
    purge_clear(s->working);
    s->since_ms = s->working_since_ms ? s->working_since_ms : s->since_ms ? s->since_ms : now;
    s->working_since_ms = 0;
    s->backoff_ms = s->backoff_ms ? s->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (s->backoff_ms > BACKOFF_MOST_MS)
        s->backoff_ms = BACKOFF_MOST_MS;
    s->retry_ms = now + s->backoff_ms;
    s->status.failing = true;
    s->status.failures++;
    size_t len = strnlen(why, sizeof s->status.last_error - 1);
    memcpy(s->status.last_error, why, len);
    s->status.last_error[len] = '\0';
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Waits until something is due; false: the end. */
static bool wait_due(struct server *s)
{
    struct flusher *f = s->flusher;
    while (!f->stopping) {
        int64_t due = due_ms(s);
        if (due && due <= now_ms())
            return true;
        if (due) {
            struct timespec until = at_ms(due);
            pthread_cond_timedwait(&f->changed, &f->lock, &until);
        } else {
            pthread_cond_wait(&f->changed, &f->lock);
        }
    }
    return false;
}

/* With the lock held, but while the server is talked to. */
static void flush_once(struct server *s)
{
    struct flusher *f = s->flusher;
    struct flush_counts counts = s->status.counts;
    struct diag diag = {.file = NULL};
    bool repeats = take(s, now_ms());
    bool was_failing = s->status.failing;
    uint64_t number = s->added;
    pthread_mutex_unlock(&f->lock);
    if (!repeats && f->repeat_ms) /* with the repetition: then a secondary finds no old serial, */
        purge_hold_notify(s->working); /* and is told of many changes at once */
    int err = flush_now(s->link, s->working, f->timeout_ms, &counts, &diag);
    if (f->report && (err < 0) != was_failing)
        f->report(f->ctx, s->name, err < 0 ? diag.message : NULL);
    pthread_mutex_lock(&f->lock);
    s->status.counts = counts;
    if (err < 0) {
        failed(s, now_ms(), diag.message);
        return;
    }
    succeeded(s, now_ms(), repeats);
    s->done = repeats ? s->done : number;
    pthread_cond_broadcast(&f->changed);
}

static void *thread_main(void *arg)
{
    struct server *s = arg;
    pthread_mutex_lock(&s->flusher->lock);
    while (wait_due(s))
        flush_once(s);
    pthread_mutex_unlock(&s->flusher->lock);
    return NULL;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int server_init(struct server *s, struct flusher *f, const struct flush_server *server,
                       struct diag *diag)
{
    s->flusher = f;
    int err = flush_link_new(server, &s->link, diag);
    if (err)
        return err;
    s->name = strdup(server->control ? server->control : server->url);
    s->status.server = s->name;
    struct purge_set **sets[] = {&s->waiting, &s->working, &s->again, &s->again_next};
    bool ready = s->name;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        ready &= (*sets[i] = purge_set_new()) != NULL;
    if (!ready)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    int rc = pthread_create(&s->thread, NULL, thread_main, s);
    s->started = rc == 0;
    return rc ? diag_set(diag, -rc, "no thread: %s", strerror(rc)) : 0;
}

static void server_done(struct server *s)
{
    if (s->started)
        pthread_join(s->thread, NULL);
    flush_link_free(s->link);
    purge_set_free(s->waiting);
    purge_set_free(s->working);
    purge_set_free(s->again);
    purge_set_free(s->again_next);
    free(s->name);
}

int flusher_new(const struct flusher_config *config, struct flusher **out, struct diag *diag)
{
    pthread_condattr_t attr;
    struct flusher *f = calloc(1, sizeof *f + config->count * sizeof *f->servers);
    if (!f)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    f->timeout_ms = config->timeout_ms;
    f->repeat_ms = config->repeat_ms;
    f->report = config->changed;
    f->ctx = config->ctx;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->changed, &attr);
    pthread_condattr_destroy(&attr);
    for (; f->count < config->count; f->count++) {
        struct server *s = &f->servers[f->count];
        int err = server_init(s, f, &config->servers[f->count], diag);
        if (err) {
            server_done(s);
            flusher_free(f);
            return err;
        }
    }
    *out = f;
    return 0;
}

void flusher_free(struct flusher *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    for (unsigned i = 0; i < f->count; i++)
        flush_link_cancel(f->servers[i].link);
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    for (unsigned i = 0; i < f->count; i++)
        server_done(&f->servers[i]);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void flusher_add(struct flusher *f, const struct purge_set *set)
{
    pthread_mutex_lock(&f->lock);
    for (unsigned i = 0; i < f->count; i++) {
        struct server *s = &f->servers[i];
        purge_merge(s->waiting, set);
        s->since_ms = s->since_ms ? s->since_ms : now_ms();
        s->added++;
    }
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static bool all_done(const struct flusher *f, const uint64_t *numbers)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->servers[i].done < numbers[i])
            return false;
    return true;
}

int flusher_wait(struct flusher *f, unsigned timeout_ms)
{
    struct timespec until = at_ms(now_ms() + timeout_ms);
    uint64_t *numbers = calloc(f->count + 1u, sizeof *numbers);
    int rc = 0;
    if (!numbers)
        return PTRD_ENOMEM;
    pthread_mutex_lock(&f->lock);
    for (unsigned i = 0; i < f->count; i++)
        numbers[i] = f->servers[i].added;
    while (rc == 0 && !all_done(f, numbers))
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    bool done = all_done(f, numbers);
    pthread_mutex_unlock(&f->lock);
    free(numbers);
    return done ? PTRD_FOUND : PTRD_ABSENT;
}

void flusher_status(struct flusher *f, unsigned i, struct flush_status *out)
{
    const struct server *s = &f->servers[i];
    pthread_mutex_lock(&f->lock);
    *out = s->status;
    int64_t since = earlier(s->since_ms, s->working_since_ms);
    out->waiting = since != 0;
    out->oldest_ms = since ? (uint64_t)(now_ms() - since) : 0;
    pthread_mutex_unlock(&f->lock);
}
