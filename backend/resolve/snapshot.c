#include "ptrd/resolve/snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "chains.h"
#include "store_table.h"

/* A request waits this long for a new table; a slower build goes on while the old pair answers. */
#define TABLE_WAIT_MS 100
/* A transaction is kept for that at most this long, and only while requests come. */
#define PIN_RENEW_MS 100
#define PIN_MAX_MS 1000
/* After a build that failed the next one of the same generation is tried no sooner. */
#define RETRY_MS 1000

/* What a table is built from. Environments count from 1. */
struct generation {
    uint64_t environment, structure;
};

/* A table and the generation that it was built from; freed when the last holder lets go. */
struct held {
    atomic_uint holders;
    struct table *table;
    struct generation generation;
};

/* A read transaction, kept between requests, of the generation of `held`: with it the old pair
 * answers while a new table is built. One thread at a time, under lock. */
struct pin {
    pthread_mutex_t lock;
    struct store_reader *reader, *spare;
    struct held *held; /* NULL: no transaction is open */
    struct store_meta meta;
    atomic_int_fast64_t begun_ms;
};

struct engine {
    struct store *store;
    pthread_mutex_t lock; /* guards what follows, but not pin */
    pthread_cond_t changed;
    struct held *current;
    bool building;
    bool slow;                           /* the build under way lasts longer than TABLE_WAIT_MS */
    int failed;                          /* error of the last build, 0 after a good one */
    int64_t failed_ms;                   /* when */
    struct generation failed_generation; /* which; environment 0: it could not be read */
    struct pin pin;
    struct chains *chains; /* with a lock of its own */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- tables ----------------------------------------------------------------------------------- */

static struct held *take(struct held *h)
{
    atomic_fetch_add(&h->holders, 1);
    return h;
}

static void let_go(struct held *h)
{
    if (h && atomic_fetch_sub(&h->holders, 1) == 1) {
        table_free(h->table);
        free(h);
    }
}

static bool is_generation(const struct generation *g, const struct store_reader *r,
                          const struct store_meta *meta)
{
    return g->structure == meta->structure && g->environment == store_reader_environment(r);
}

static bool fits(const struct held *h, const struct store_reader *r, const struct store_meta *meta)
{
    return h && is_generation(&h->generation, r, meta);
}

/* Builds the table of the newest generation, in a transaction of its own. *of: which it is; left
 * alone when the store cannot be read. */
static int build(struct engine *e, struct generation *of, struct held **out)
{
    struct store_reader *r;
    struct store_meta meta;
    struct held *h = calloc(1, sizeof *h);
    int err = h ? store_reader_new(e->store, &r) : PTRD_ENOMEM;
    if (err < 0) {
        free(h);
        return err;
    }
    err = store_read_begin(r, &meta);
    if (err == 0) {
        *of = (struct generation){store_reader_environment(r), meta.structure};
        err = store_table_build(r, &h->table);
        h->holders = 1;
        h->generation = *of;
        store_read_end(r);
    }
    store_reader_free(r);
    if (err < 0)
        free(h);
    else
        *out = h;
    return err;
}

/* Builds and publishes; e->building was set by the caller. */
static void build_and_publish(struct engine *e)
{
    struct held *fresh = NULL, *old = NULL;
    struct generation of = {0};
    int err = build(e, &of, &fresh);
    pthread_mutex_lock(&e->lock);
    if (err == 0) {
        old = e->current;
        e->current = fresh;
    }
    e->failed = err;
    e->failed_ms = now_ms();
    e->failed_generation = of;
    e->building = e->slow = false;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    let_go(old);
}

static void *build_thread(void *ctx)
{
    build_and_publish(ctx);
    return NULL;
}

/* Without signals: those of a foreign process (libptrd) are its own threads' business. */
static int start_thread(struct engine *e)
{
    pthread_t thread;
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int err = pthread_create(&thread, NULL, build_thread, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0)
        pthread_detach(thread);
    return -err;
}

/* With e->lock held: starts a build unless one is under way. */
static void start_build(struct engine *e)
{
    if (e->building)
        return;
    e->building = true;
    if (start_thread(e) == 0)
        return;
    /* No thread to be had: the request itself does the work. */
    pthread_mutex_unlock(&e->lock);
    build_and_publish(e);
    pthread_mutex_lock(&e->lock);
}

/* --- the engine ------------------------------------------------------------------------------- */

static int init_sync(struct engine *e)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->pin.lock, NULL);
    pthread_cond_init(&e->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int err = store_reader_new(e->store, &e->pin.reader);
    if (err == 0)
        err = store_reader_new(e->store, &e->pin.spare);
    return err < 0 ? err : chains_new(CHAINS_SIZE_MAX, &e->chains);
}

int engine_open(const char *dir, struct engine **out, struct diag *diag)
{
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return diag_set(diag, PTRD_ENOMEM, "out of memory");
    int err = store_open(dir, STORE_OPEN_WRITE, &e->store, diag);
    if (err < 0) {
        free(e);
        return err;
    }
    struct generation of = {0};
    err = init_sync(e);
    if (err == 0)
        err = build(e, &of, &e->current);
    if (err < 0) {
        engine_close(e);
        return diag_set(diag, err, "%s: %s", dir, ptrd_strerror(err));
    }
    *out = e;
    return 0;
}

void engine_close(struct engine *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    while (e->building)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
    let_go(e->pin.held);
    store_reader_free(e->pin.reader);
    store_reader_free(e->pin.spare);
    let_go(e->current);
    chains_free(e->chains);
    store_close(e->store);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->pin.lock);
    pthread_cond_destroy(&e->changed);
    free(e);
}

struct store *engine_store(struct engine *e)
{
    return e->store;
}

struct chains *engine_chains(struct engine *e)
{
    return e->chains;
}

/* --- the pin ---------------------------------------------------------------------------------- */

static void unpin(struct pin *p)
{
    if (!p->held)
        return;
    store_read_end(p->reader);
    let_go(p->held);
    p->held = NULL;
}

/* Moves the pin to now when it is older than PIN_RENEW_MS; never waits. When the generation has
 * moved meanwhile the old transaction is what will be needed, and stays. */
static void renew_pin(struct snapshot *s)
{
    struct pin *p = &s->engine->pin;
    struct store_meta meta;
    int64_t now = now_ms();
    if (now - atomic_load_explicit(&p->begun_ms, memory_order_relaxed) < PIN_RENEW_MS ||
        pthread_mutex_trylock(&p->lock) != 0)
        return;
    if (store_read_begin(p->spare, &meta) == 0) {
        if (fits(s->held, p->spare, &meta)) {
            struct store_reader *fresh = p->spare;
            unpin(p);
            p->spare = p->reader;
            p->reader = fresh;
            p->meta = meta;
            p->held = take(s->held);
        } else {
            store_read_end(p->spare);
        }
    }
    atomic_store_explicit(&p->begun_ms, now, memory_order_relaxed);
    pthread_mutex_unlock(&p->lock);
}

/* A table that is being built may need the pin for as long as that takes. */
static bool is_building(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool building = e->building;
    pthread_mutex_unlock(&e->lock);
    return building;
}

void engine_tick(struct engine *e)
{
    struct pin *p = &e->pin;
    if (now_ms() - atomic_load(&p->begun_ms) < PIN_MAX_MS || is_building(e) ||
        pthread_mutex_trylock(&p->lock) != 0)
        return;
    unpin(p);
    pthread_mutex_unlock(&p->lock);
}

/* The old pair for one request: s holds the pin's lock until snapshot_end. */
static bool use_pin(struct snapshot *s)
{
    struct pin *p = &s->engine->pin;
    pthread_mutex_lock(&p->lock);
    if (!p->held) {
        pthread_mutex_unlock(&p->lock);
        return false;
    }
    s->reader = p->reader;
    s->table = p->held->table;
    s->meta = p->meta;
    return true;
}

/* --- snapshots -------------------------------------------------------------------------------- */

int snapshot_init(struct snapshot *s, struct engine *e)
{
    *s = (struct snapshot){.engine = e};
    int err = store_reader_new(e->store, &s->own);
    s->reader = s->own;
    return err;
}

void snapshot_done(struct snapshot *s)
{
    let_go(s->held);
    store_reader_free(s->own);
    *s = (struct snapshot){.engine = NULL};
}

/* With e->lock held: waits for the build, at most until the deadline. False when it lasts longer.
 */
static bool wait_build(struct engine *e, const struct timespec *deadline)
{
    while (e->building && !e->slow)
        if (pthread_cond_timedwait(&e->changed, &e->lock, deadline) == ETIMEDOUT)
            break;
    e->slow |= e->building;
    return !e->building;
}

static struct timespec deadline_in(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* With e->lock held: does the current table fit s's transaction, renewed once? 0, PTRD_EBUSY (it
 * does not; the transaction is ended) or an error. */
static int renew_and_fit(struct snapshot *s)
{
    store_read_end(s->own);
    int err = store_read_begin(s->own, &s->meta);
    if (err < 0 || fits(s->engine->current, s->own, &s->meta))
        return err;
    store_read_end(s->own);
    return PTRD_EBUSY;
}

/* With e->lock held: error of the last build when it was one of s's generation. Of another one, or
 * of a store that could not be read at that moment, it says nothing. */
static int failed_for(const struct snapshot *s)
{
    const struct engine *e = s->engine;
    return is_generation(&e->failed_generation, s->own, &s->meta) ? e->failed : 0;
}

/* With e->lock held, no table fits: has one built. patient: waits for it however long it takes. */
static int wait_build_for(struct snapshot *s, bool patient)
{
    struct engine *e = s->engine;
    struct timespec deadline = deadline_in(TABLE_WAIT_MS);
    if (failed_for(s) < 0 && now_ms() - e->failed_ms < RETRY_MS)
        return failed_for(s);
    start_build(e);
    while (patient && e->building)
        pthread_cond_wait(&e->changed, &e->lock);
    if (!wait_build(e, &deadline))
        return PTRD_EBUSY;
    return failed_for(s) < 0 ? failed_for(s) : renew_and_fit(s);
}

/* s's table does not fit its transaction. 0: it does now. PTRD_EBUSY: no table yet. The transaction
 * is ended unless 0 is returned. */
static int wait_table(struct snapshot *s, bool patient)
{
    struct engine *e = s->engine;
    pthread_mutex_lock(&e->lock);
    int err = fits(e->current, s->own, &s->meta) ? 0 : renew_and_fit(s);
    if (err == PTRD_EBUSY)
        err = wait_build_for(s, patient);
    if (err == 0) {
        let_go(s->held);
        s->held = take(e->current);
    }
    pthread_mutex_unlock(&e->lock);
    return err;
}

/* With e->lock held: the table of s's generation, which is the newest as long as its writer works.
 * However long it takes. */
static int wait_writer_table(struct snapshot *s)
{
    struct engine *e = s->engine;
    for (unsigned builds = 0; !fits(e->current, s->reader, &s->meta); builds++) {
        bool failed = e->failed < 0 && is_generation(&e->failed_generation, s->reader, &s->meta);
        if ((failed && now_ms() - e->failed_ms < RETRY_MS) || builds == 3)
            return e->failed < 0 ? e->failed : PTRD_EBUSY;
        start_build(e); /* one under way may be of an older generation */
        while (e->building)
            pthread_cond_wait(&e->changed, &e->lock);
    }
    s->held = take(e->current);
    s->table = e->current->table;
    return 0;
}

int snapshot_init_writer(struct snapshot *s, struct engine *e, struct store_reader *reader)
{
    *s = (struct snapshot){.engine = e, .reader = reader};
    int err = store_read_begin(reader, &s->meta);
    if (err < 0)
        return err;
    pthread_mutex_lock(&e->lock);
    err = wait_writer_table(s);
    pthread_mutex_unlock(&e->lock);
    return err;
}

int snapshot_begin(struct snapshot *s)
{
    if (!s->own)
        return 0;
    s->reader = s->own;
    for (unsigned tries = 0; tries < 8; tries++) {
        int err = store_read_begin(s->own, &s->meta);
        if (err == 0 && !fits(s->held, s->own, &s->meta))
            err = wait_table(s, tries > 0);
        if (err == 0) {
            s->table = ((const struct held *)s->held)->table;
            return 0;
        }
        if (err != PTRD_EBUSY)
            return err;
        if (use_pin(s))
            return 0;
    }
    return PTRD_EBUSY;
}

void snapshot_end(struct snapshot *s)
{
    if (!s->own)
        return;
    s->table = NULL;
    if (s->reader != s->own) {
        s->reader = s->own;
        pthread_mutex_unlock(&s->engine->pin.lock);
        return;
    }
    store_read_end(s->own);
    renew_pin(s);
}

int snapshot_table(struct store_reader *r, struct table **out)
{
    return store_table_build(r, out);
}
