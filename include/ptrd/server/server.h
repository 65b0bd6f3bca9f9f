/* ptrd's transports: a Unix socket server with a thread a connection, and stdin/stdout (--stdio).
 *
 * Logs to stderr, one line an event; what clients can cause is rate-limited. The process's signals
 * SIGTERM, SIGINT, SIGHUP and SIGPIPE belong to the server while it runs. */
#ifndef PTRD_SERVER_SERVER_H
#define PTRD_SERVER_SERVER_H

#include "ptrd/resolve/leaf.h"

struct server_config {
    const char *socket_path;  /* NULL: the socket comes from the service manager (LISTEN_FDS) */
    const char *socket_group; /* name or number; NULL: the process's group */
    unsigned socket_mode;     /* permission bits */
    enum leaf_mode leaf;      /* which names are leaves */
    unsigned connections_max; /* further ones are closed at once, with a rate-limited log line */
    unsigned drain_ms;        /* SIGTERM: how long requests in progress may take to end */
    /* SIGHUP: reads the configuration again, logs what cannot change while running, and sets
     * connections_max and drain_ms. NULL: nothing is read. */
    void (*reload)(void *ctx, struct server_config *config);
    void *reload_ctx;
};

/* Binds (a stale socket file is removed, a living server's is refused), tells the service manager
 * that it is ready, serves until SIGTERM or SIGINT, drains, removes the socket. Returns the exit
 * status. When requests outlast the drain twice over, the process ends at once (exit status 0). */
int server_run(const struct server_config *config, struct engine *e) PTRD_NONNULL;

/* The same protocol on stdin/stdout until end of input. Returns the exit status. */
int server_stdio(struct engine *e, enum leaf_mode leaf) PTRD_NONNULL;

#endif
