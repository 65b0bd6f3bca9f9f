#include "chains.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS 1024

enum kept_state { CHAIN_BUILDING, CHAIN_READY, CHAIN_FAILED };

struct kept_chain {
    struct chain_key key;
    atomic_uint holders; /* its place in struct chains is one of them */
    enum kept_state state;
    int err; /* CHAIN_FAILED */
    struct chain chain;
    struct kept_chain *next;          /* of the same bucket */
    struct kept_chain *newer, *older; /* CHAIN_READY: in the order of their last use */
};

struct chains {
    pthread_mutex_t lock; /* guards all of this, and what stands in a kept_chain until it is READY
                             or FAILED */
    pthread_cond_t ended; /* a build */
    struct kept_chain *buckets[BUCKETS];
    struct kept_chain *newest, *oldest;
    size_t size, size_max;
    uint64_t begun;
    unsigned building, building_most;
};

int chains_new(size_t size_max, struct chains **out)
{
    struct chains *c = calloc(1, sizeof *c);
    if (!c)
        return PTRD_ENOMEM;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->ended, &attr);
    pthread_condattr_destroy(&attr);
    c->size_max = size_max;
    *out = c;
    return 0;
}

void chains_let_go(struct kept_chain *k)
{
    if (atomic_fetch_sub(&k->holders, 1) == 1) {
        chain_done(&k->chain);
        free(k);
    }
}

void chains_free(struct chains *c)
{
    if (!c)
        return;
    while (c->oldest) {
        struct kept_chain *k = c->oldest;
        c->oldest = k->newer;
        chains_let_go(k);
    }
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->ended);
    free(c);
}

const struct chain *chains_chain(const struct kept_chain *k)
{
    return &k->chain;
}

struct chains_state chains_state(struct chains *c)
{
    pthread_mutex_lock(&c->lock);
    struct chains_state state = {
        .begun = c->begun, .size = c->size, .building_most = c->building_most};
    pthread_mutex_unlock(&c->lock);
    return state;
}

/* --- places, with c->lock held ---------------------------------------------------------------- */

static bool same_params(const struct nsec3_params *a, const struct nsec3_params *b)
{
    return a->algorithm == b->algorithm && a->flags == b->flags && a->iterations == b->iterations &&
           a->salt_len == b->salt_len && memcmp(a->salt, b->salt, a->salt_len) == 0;
}

static bool same_key(const struct chain_key *a, const struct chain_key *b)
{
    return a->zone_id == b->zone_id && a->environment == b->environment && a->change == b->change &&
           a->by_data == b->by_data && same_params(&a->params, &b->params);
}

static struct kept_chain **bucket_of(struct chains *c, const struct chain_key *key)
{
    return &c->buckets[key->zone_id % BUCKETS];
}

static struct kept_chain *find(struct chains *c, const struct chain_key *key)
{
    struct kept_chain *k = *bucket_of(c, key);
    while (k && !same_key(&k->key, key))
        k = k->next;
    return k;
}

static void use_link(struct chains *c, struct kept_chain *k)
{
    k->newer = NULL;
    k->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = k;
    c->newest = k;
}

static void use_unlink(struct chains *c, struct kept_chain *k)
{
    *(k->newer ? &k->newer->older : &c->newest) = k->older;
    *(k->older ? &k->older->newer : &c->oldest) = k->newer;
}

static size_t kept_size(const struct kept_chain *k)
{
    return sizeof *k + chain_size(&k->chain);
}

static void leave_bucket(struct chains *c, struct kept_chain *k)
{
    struct kept_chain **at = bucket_of(c, &k->key);
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
}

/* One that is READY gives up its place. */
static void drop(struct chains *c, struct kept_chain *k)
{
    leave_bucket(c, k);
    use_unlink(c, k);
    c->size -= kept_size(k);
    chains_let_go(k);
}

static void drop_others_of_zone(struct chains *c, const struct chain_key *key)
{
    struct kept_chain *next;
    for (struct kept_chain *k = *bucket_of(c, key); k; k = next) {
        next = k->next;
        if (k->state == CHAIN_READY && k->key.zone_id == key->zone_id)
            drop(c, k);
    }
}

/* --- building --------------------------------------------------------------------------------- */

/* A place for one that its two holders, the place and the caller, have not built yet. */
static struct kept_chain *begin(struct chains *c, const struct chain_key *key)
{
    struct kept_chain *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    drop_others_of_zone(c, key);
    k->key = *key;
    k->state = CHAIN_BUILDING;
    atomic_init(&k->holders, 2);
    k->next = *bucket_of(c, key);
    *bucket_of(c, key) = k;
    c->begun++;
    if (++c->building > c->building_most)
        c->building_most = c->building;
    return k;
}

static void end(struct chains *c, struct kept_chain *k, int err, const struct chain *chain)
{
    c->building--;
    if (err < 0) {
        k->state = CHAIN_FAILED;
        k->err = err;
        leave_bucket(c, k);
        chains_let_go(k);
    } else {
        k->state = CHAIN_READY;
        k->chain = *chain;
        use_link(c, k);
        c->size += kept_size(k);
        while (c->size > c->size_max && c->oldest != k)
            drop(c, c->oldest);
    }
    pthread_cond_broadcast(&c->ended);
}

static bool zone_is_building(struct chains *c, const struct chain_key *key)
{
    const struct kept_chain *k = *bucket_of(c, key);
    while (k && (k->state != CHAIN_BUILDING || k->key.zone_id != key->zone_id))
        k = k->next;
    return k != NULL;
}

/* Returns when the key has its place, or when the zone's next chain may be begun. */
static int wait_for_turn(struct chains *c, const struct chain_key *key)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CHAINS_TURN_WAIT_S;
    while (!find(c, key) && zone_is_building(c, key))
        if (pthread_cond_timedwait(&c->ended, &c->lock, &until) != 0)
            return PTRD_EBUSY;
    return 0;
}

/* The place of the key, once it is not being built. *mine: the caller is to build it. */
static int take_place(struct chains *c, const struct chain_key *key, struct kept_chain **out,
                      bool *mine)
{
    int err = wait_for_turn(c, key);
    if (err < 0)
        return err;
    struct kept_chain *k = find(c, key);
    *mine = !k;
    if (!k) {
        *out = begin(c, key);
        return *out ? 0 : PTRD_ENOMEM;
    }
    atomic_fetch_add(&k->holders, 1);
    while (k->state == CHAIN_BUILDING)
        pthread_cond_wait(&c->ended, &c->lock);
    /* It may have lost its place meanwhile: then its last use no longer matters. */
    if (k->state == CHAIN_READY && find(c, key) == k) {
        use_unlink(c, k);
        use_link(c, k);
    }
    *out = k;
    return 0;
}

int chains_take(struct chains *c, const struct chain_key *key, struct snapshot *s,
                const struct zone *zone, struct answer *a, struct kept_chain **out)
{
    bool mine;
    struct kept_chain *k;
    pthread_mutex_lock(&c->lock);
    int err = take_place(c, key, &k, &mine);
    pthread_mutex_unlock(&c->lock);
    if (err < 0)
        return err;
    if (mine) {
        struct chain chain = {.count = 0};
        int built = chain_build(s, zone, &key->params, a, &chain);
        pthread_mutex_lock(&c->lock);
        end(c, k, built, &chain);
        pthread_mutex_unlock(&c->lock);
    }
    err = k->state == CHAIN_FAILED ? k->err : 0;
    if (err < 0)
        chains_let_go(k);
    else
        *out = k;
    return err;
}
