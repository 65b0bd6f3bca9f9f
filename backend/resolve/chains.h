/* Private to resolve: the NSEC3 chains that a process keeps.
 *
 * A chain is found by what it was made of: the store (a replaced one is another), the zone, its
 * parameters, and the zone's serial, which rises with every change of the zone's answers and with
 * no other, so that edits elsewhere leave a chain alone. The serial of a secondary zone moves by
 * transfers only: its chains are found by the generation of all data instead. What an open edit
 * sees has the serial of before it; its chains are not kept here.
 *
 * The first thread that asks for a chain builds it in its own snapshot, without the lock; those
 * that want the same one wait for it. Those that want another one of the zone, because it has
 * changed meanwhile, wait for their turn, but not for long: so a zone that changes faster than its
 * chain is built takes the memory and the time of one build at once. A chain in use is counted and
 * outlives its place here. When one is begun, finished ones of the same zone go. When the finished
 * ones take more than size_max octets together, those that were not used for the longest time go;
 * the one just made stays, whatever its size. */
#ifndef PTRD_RESOLVE_CHAINS_H
#define PTRD_RESOLVE_CHAINS_H

#include "chain.h"

#define CHAINS_SIZE_MAX ((size_t)256 << 20) /* of an engine */
#define CHAINS_TURN_WAIT_S 2                /* PowerDNS has given up by then */

struct chain_key {
    uint64_t environment;
    uint64_t change;
    uint32_t zone_id;
    bool by_data; /* change is a generation of data, not a serial */
    struct nsec3_params params;
};

struct chains;

/* The lock protects the places only: it is held for a moment. PTRD_ENOMEM. */
PTRD_CHECKED int chains_new(size_t size_max, struct chains **out) PTRD_NONNULL;
void chains_free(struct chains *c); /* none in use */

/* The chain of this key; zone and s are what it is built from. The caller lets go of *out. Any
 * thread. Errors as chain_build: those who waited for the same one get the same; and PTRD_EBUSY:
 * another one of the zone is being built. */
struct kept_chain;
PTRD_CHECKED int chains_take(struct chains *c, const struct chain_key *key, struct snapshot *s,
                             const struct zone *zone, struct answer *a,
                             struct kept_chain **out) PTRD_NONNULL;
const struct chain *chains_chain(const struct kept_chain *k) PTRD_NONNULL;
void chains_let_go(struct kept_chain *k) PTRD_NONNULL;

/* How many chains were begun so far, the octets of the finished ones, and how many were being built
 * at once at most; for tests. */
struct chains_state {
    uint64_t begun;
    size_t size;
    unsigned building_most;
};
struct chains_state chains_state(struct chains *c) PTRD_NONNULL;

/* The engine's (snapshot.c). */
struct chains *engine_chains(struct engine *e) PTRD_NONNULL;

#endif
