/* Memory that is freed all at once: a list of chunks. Not for the path of a query. One thread an
 * arena; what it gives is aligned for any type, not zeroed, and lives until arena_free. */
#ifndef PTRD_CORE_ARENA_H
#define PTRD_CORE_ARENA_H

#include "ptrd/core/compiler.h"

struct arena_chunk;

/* {0} is an empty arena. */
struct arena {
    struct arena_chunk *chunks;
};

/* NULL when there is no memory. */
void *arena_alloc(struct arena *a, size_t size) PTRD_NONNULL;

/* A copy of len bytes with a NUL behind them; NULL when there is no memory. */
char *arena_strndup(struct arena *a, const char *text, size_t len) PTRD_NONNULL;

/* Leaves an empty arena. */
void arena_free(struct arena *a) PTRD_NONNULL;

#endif
