/* The engines of a process, one a directory, shared by its handles.
 *
 * This is process-wide state, of which libptrd has no other but counters: handles are made by Lua
 * states that know nothing of each other, and LMDB forbids opening a store twice. Any thread. */
#ifndef PTRD_EMBED_SHARED_H
#define PTRD_EMBED_SHARED_H

#include "ptrd/resolve/snapshot.h"

struct shared;

/* Of an absolute path. NULL: no memory. */
struct shared *shared_take(const char *dir) PTRD_NONNULL;
/* The last one closes the engine. No snapshot of the caller's is left. */
void shared_let_go(struct shared *s) PTRD_NONNULL;

/* Opens the engine unless it is open; it stays so as long as somebody holds s. After an error the
 * next try waits as long as nine failed tries take, so that a flood of questions to a broken store
 * costs a tenth of a core; until then the error is repeated. */
PTRD_CHECKED int shared_engine(struct shared *s, struct engine **out,
                               struct diag *diag) PTRD_NONNULL;

#endif
