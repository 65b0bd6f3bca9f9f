/* ptrd's transports: a Unix socket server with a thread a connection, and stdin/stdout (--stdio). */
#ifndef PTRD_SERVER_SERVER_H
#define PTRD_SERVER_SERVER_H

#include "ptrd/resolve/snapshot.h"

struct server_config {
    const char *socket_path;
    unsigned connections_max; /* further ones are closed at once, with a rate-limited log line */
    unsigned drain_ms;        /* SIGTERM: how long requests in progress may take to end */
};

/* Binds (a stale socket file is removed, a living server's is refused), tells the service manager that it is
 * ready, serves until SIGTERM or SIGINT, drains, removes the socket. Returns the exit status. */
int server_run(const struct server_config *config, struct engine *e) PTRD_NONNULL;

/* The same protocol on stdin/stdout until end of input. Returns the exit status. */
int server_stdio(struct engine *e) PTRD_NONNULL;

#endif
