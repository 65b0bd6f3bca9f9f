#include "shared.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define TICK_S 1
#define RETRY_FACTOR 10

struct shared {
    struct shared *next;
    char *dir;
    unsigned holders;     /* under `all_lock` */
    pthread_mutex_t lock; /* guards what follows */
    struct engine *engine;
    struct diag failed;
    int error;
    int64_t retry_ns; /* no sooner */
    bool ending;
    pthread_cond_t end;
    pthread_t ticker;
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared *all;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- which is whose --------------------------------------------------------------------------- */

/* Two spellings of one directory. */
static bool is_same(const char *a, const char *b)
{
    struct stat one, other;
    return strcmp(a, b) == 0 || (stat(a, &one) == 0 && stat(b, &other) == 0 &&
                                 one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

static struct shared *new_shared(const char *dir)
{
    pthread_condattr_t monotonic;
    struct shared *s = calloc(1, sizeof *s);
    char *copy = strdup(dir);
    if (!s || !copy) {
        free(s);
        free(copy);
        return NULL;
    }
    s->dir = copy;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

struct shared *shared_take(const char *dir)
{
    pthread_mutex_lock(&all_lock);
    struct shared *s = all;
    while (s && !is_same(s->dir, dir))
        s = s->next;
    if (!s && (s = new_shared(dir))) {
        s->next = all;
        all = s;
    }
    if (s)
        s->holders++;
    pthread_mutex_unlock(&all_lock);
    return s;
}

static void end_engine(struct shared *s)
{
    if (!s->engine)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->end);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->ticker, NULL);
    engine_close(s->engine);
}

/* The lock is held until the engine is closed: nobody may open the same store before. */
void shared_let_go(struct shared *s)
{
    pthread_mutex_lock(&all_lock);
    if (--s->holders == 0) {
        struct shared **at = &all;
        while (*at != s)
            at = &(*at)->next;
        *at = s->next;
        end_engine(s);
        pthread_cond_destroy(&s->end);
        pthread_mutex_destroy(&s->lock);
        free(s->dir);
        free(s);
    }
    pthread_mutex_unlock(&all_lock);
}

/* --- the engine ------------------------------------------------------------------------------- */

/* The foreign process calls us when it has questions, not every second. */
static void *tick(void *ctx)
{
    struct shared *s = ctx;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        until.tv_sec += TICK_S;
        while (!s->ending && pthread_cond_timedwait(&s->end, &s->lock, &until) == 0)
            ;
        engine_tick(s->engine);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Signals of the process are its own threads' business. */
static int start_ticker(struct shared *s)
{
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int err = pthread_create(&s->ticker, NULL, tick, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

static int open_engine(struct shared *s)
{
    int64_t begun_ns = now_ns();
    struct engine *engine;
    int err = engine_open(s->dir, &engine, &s->failed);
    if (err == 0) {
        s->engine = engine;
        if ((err = start_ticker(s)) < 0) {
            s->engine = NULL;
            engine_close(engine);
            diag_set(&s->failed, err, "%s: no thread to be had", s->dir);
        }
    }
    int64_t now = now_ns();
    s->error = err;
    s->retry_ns = now + RETRY_FACTOR * (now - begun_ns);
    return err;
}

int shared_engine(struct shared *s, struct engine **out, struct diag *diag)
{
    int err = 0;
    pthread_mutex_lock(&s->lock);
    if (!s->engine)
        err = s->error < 0 && now_ns() < s->retry_ns ? s->error : open_engine(s);
    if (err == 0)
        *out = s->engine;
    else
        *diag = s->failed;
    pthread_mutex_unlock(&s->lock);
    return err;
}
