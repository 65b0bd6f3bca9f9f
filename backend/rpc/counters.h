/* Counts of one worker, and their sums over a server's workers.
 *
 * Each count is written by its worker's thread alone and read by any: an increment is a load and a
 * store without a lock. Workers that ended have left their counts in the sum. */
#ifndef PTRD_RPC_COUNTERS_H
#define PTRD_RPC_COUNTERS_H

#include <stdatomic.h>

#include "ptrd/rpc/rpc.h"

#define METHOD_COUNT_MAX 64

enum count { COUNT_ACCEPTED = METHOD_COUNT_MAX, COUNT_REFUSED, COUNTS };

struct counted {
    _Atomic uint64_t counts[COUNTS]; /* by method_number, then enum count */
    struct rpc_counters *all;        /* NULL: nobody asked */
    struct counted *next, *previous;
};

static inline void count_one(struct counted *c, unsigned which)
{
    uint64_t n = atomic_load_explicit(&c->counts[which], memory_order_relaxed);
    atomic_store_explicit(&c->counts[which], n + 1, memory_order_relaxed);
}

struct counter_sums {
    uint64_t counts[COUNTS];
    uint64_t workers, workers_ever;
    int64_t started_ms; /* of worker_now_ms */
};

void counted_end(struct counted *c) PTRD_NONNULL;
/* c's own counts alone where nobody sums them. */
void counted_sum(const struct counted *c, struct counter_sums *out) PTRD_NONNULL;

#endif
