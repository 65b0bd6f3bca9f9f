/* Which transactions of the change log a node has applied. Pure: no I/O.
 *
 * A transaction that began early may commit late, so no number says how far a node is. The cursor
 * is the xmin of the snapshot that was read last, before which every transaction had ended, and the
 * transactions at or above it that are applied, as runs. Next are the rows of all others: a late
 * commit is neither missed nor waited for, and none is applied twice.
 *
 * On a primary the snapshot names those that are still running, so everything else below its xmax
 * is applied, whether it logged anything or not: there are no more runs than transactions running.
 * A hot standby does not name them, and only what was read in the log is known to be applied.
 *
 * system_id, timeline and database say in which history the numbers mean something: after a
 * promotion, a restore or in another database the node must read everything. */
#ifndef PTRD_SYNC_CURSOR_H
#define PTRD_SYNC_CURSOR_H

#include "ptrd/source/pg.h"

struct cursor {
    uint64_t system_id;
    uint32_t timeline, database;
    uint64_t xmin;
    struct xid_range *applied; /* ascending, disjoint, not adjacent, all >= xmin */
    size_t count, capacity;
};

void cursor_done(struct cursor *c) PTRD_NONNULL;

/* *to, which held nothing, holds nothing after PTRD_ENOMEM. */
PTRD_CHECKED int cursor_copy(const struct cursor *from, struct cursor *to) PTRD_NONNULL;

/* After a full load in this state. xids: what the log says in it from xmin on (ascending); needed
 * on a standby only. PTRD_ENOMEM. */
PTRD_CHECKED int cursor_start(struct cursor *c, const struct pg_state *state, const uint64_t *xids,
                              size_t count) PTRD_NONNULL_ARGS(1, 2);

/* Can a node with this cursor follow from this state on? Else it must read everything: another
 * history, or changes that the log no longer has. */
bool cursor_follows(const struct cursor *c, const struct pg_state *state) PTRD_NONNULL PTRD_PURE;

/* What is not applied yet: at most count + 1 ranges, the last one to UINT64_MAX. *out is malloc'ed.
 * PTRD_ENOMEM. */
PTRD_CHECKED int cursor_missing(const struct cursor *c, struct xid_range **out,
                                size_t *count) PTRD_NONNULL;

/* The rows of these transactions (ascending), read in this state for cursor_missing, are applied:
 * *next, which must be empty, is the cursor then. PTRD_ENOMEM. */
PTRD_CHECKED int cursor_advance(const struct cursor *c, const struct pg_state *state,
                                const uint64_t *xids, size_t count, struct cursor *next)
    PTRD_NONNULL_ARGS(1, 2, 5);

bool cursor_equal(const struct cursor *a, const struct cursor *b) PTRD_NONNULL PTRD_PURE;

/* As the store keeps it. PTRD_ENOMEM; PTRD_ECORRUPT. cursor_read frees what *out held. */
PTRD_CHECKED int cursor_write(const struct cursor *c, struct store_buf *out) PTRD_NONNULL;
PTRD_CHECKED int cursor_read(struct span value, struct cursor *out) PTRD_NONNULL;

#endif
