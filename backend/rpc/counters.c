#include "counters.h"

#include <pthread.h>
#include <stdlib.h>

#include "worker.h"

struct rpc_counters {
    pthread_mutex_t lock; /* of the list and of ended */
    struct counted *first;
    struct counter_sums ended;
};

int rpc_counters_new(struct rpc_counters **out)
{
    struct rpc_counters *c = calloc(1, sizeof *c);
    if (!c)
        return PTRD_ENOMEM;
    pthread_mutex_init(&c->lock, NULL);
    c->ended.started_ms = worker_now_ms();
    *out = c;
    return 0;
}

void rpc_counters_free(struct rpc_counters *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void rpc_worker_count(struct rpc_worker *w, struct rpc_counters *c)
{
    struct counted *one = &w->counted;
    pthread_mutex_lock(&c->lock);
    one->all = c;
    one->next = c->first;
    if (c->first)
        c->first->previous = one;
    c->first = one;
    c->ended.workers_ever++;
    pthread_mutex_unlock(&c->lock);
}

static void add(const struct counted *c, struct counter_sums *sums)
{
    for (unsigned i = 0; i < COUNTS; i++)
        sums->counts[i] += atomic_load_explicit(&c->counts[i], memory_order_relaxed);
}

void counted_end(struct counted *c)
{
    struct rpc_counters *all = c->all;
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    if (c->previous)
        c->previous->next = c->next;
    else
        all->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    add(c, &all->ended);
    pthread_mutex_unlock(&all->lock);
}

void counted_sum(const struct counted *c, struct counter_sums *out)
{
    struct rpc_counters *all = c->all;
    if (!all) {
        *out = (struct counter_sums){.workers = 1, .workers_ever = 1};
        add(c, out);
        return;
    }
    pthread_mutex_lock(&all->lock);
    *out = all->ended;
    for (const struct counted *one = all->first; one; one = one->next) {
        out->workers++;
        add(one, out);
    }
    pthread_mutex_unlock(&all->lock);
}
