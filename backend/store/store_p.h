/* struct store: the environments that a process has open, private to backend/store.
 *
 * Usually one; after a replacement the old one stays until its last reader has moved on. `lock`
 * guards the list, refs and current; it is taken only to open, to move and to close, and never
 * while a transaction of the same thread is open in an environment being resized (env_resize waits
 * for those). */
#ifndef PTRD_STORE_STORE_P_H
#define PTRD_STORE_STORE_P_H

#include "env_p.h"

struct store {
    struct paths paths;
    enum store_open_mode mode;
    size_t map_size;
    pthread_mutex_t lock;
    struct env *envs;
    struct env *current; /* holds one ref */
    uint64_t numbers;
    atomic_size_t reserve; /* bytes (store_write_reserve) */
    size_t waiting_most;   /* bytes of changed pages in memory (merge.c) */
};

/* The environment that lies at the path now, with a ref for the caller. */
PTRD_CHECKED int store_acquire(struct store *s, struct env **out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);
void store_release(struct store *s, struct env *e) PTRD_NONNULL_ARGS(1);

/* env_open_tables under the store's lock. */
PTRD_CHECKED int store_open_tables(struct store *s, struct env *e) PTRD_NONNULL;

#endif
