/* The clients being served: a thread each, a bounded number, a list to end them by. Threads that
 * have ended are joined, so that none is still on its way out when the process ends.
 *
 * Threads block in read or write of their own client only, so that none holds up another. All
 * functions but the threads' own are called by the one thread that owns the struct. */
#ifndef PTRD_SERVER_CONNECTIONS_H
#define PTRD_SERVER_CONNECTIONS_H

#include "log.h"
#include "ptrd/rpc/rpc.h"
#include "ptrd/server/server.h"

struct connection;

struct connections {
    pthread_mutex_t lock; /* of first, over and count */
    pthread_cond_t ended;
    struct connection *first;
    struct connection *over; /* ended, to be joined */
    unsigned count, max;
    struct engine *engine;
    struct log_limit *log;
    struct rpc_counters *counters;
    enum leaf_mode leaf;
};

/* PTRD_ENOMEM. */
PTRD_CHECKED int connections_init(struct connections *c, struct engine *e,
                                  const struct server_config *config,
                                  struct log_limit *log) PTRD_NONNULL;
void connections_done(struct connections *c) PTRD_NONNULL; /* none left */

/* Takes fd, and closes it on failure: PTRD_ELIMIT, PTRD_ENOMEM, -errno. */
PTRD_CHECKED int connections_start(struct connections *c, int fd) PTRD_NONNULL;

/* Fewer than there are: those stay, new ones are refused. */
void connections_set_max(struct connections *c, unsigned max) PTRD_NONNULL;

/* Frees what threads that have ended left; connections_start and connections_wait do it too. */
void connections_reap(struct connections *c) PTRD_NONNULL;

/* Nothing more is read than what has arrived; replies go on. */
void connections_end_input(struct connections *c) PTRD_NONNULL;
/* Reading and writing fail from now on. */
void connections_cut(struct connections *c) PTRD_NONNULL;
/* True when all have ended. */
bool connections_wait(struct connections *c, unsigned timeout_ms) PTRD_NONNULL;

#endif
