/* The listening socket file: who may have it, and that nobody else's is taken away.
 *
 * PATH.lock is locked (flock) while a server owns PATH, so that of two started at the same moment
 * one is refused; it stays behind, empty of meaning, because removing it would open that race
 * again. A socket file that refuses connections is a dead server's and is removed; one that accepts
 * is a living one's. */
#ifndef PTRD_SERVER_LISTEN_H
#define PTRD_SERVER_LISTEN_H

#include "ptrd/core/error.h"

struct listener {
    int fd;      /* listening, non-blocking */
    int lock_fd; /* -1: the socket came from the service manager, who also removes it */
    const char *path;
};

/* group may be NULL. On failure diag says which path and why. */
PTRD_CHECKED int listener_open(const char *path, unsigned mode, const char *group,
                               struct listener *out, struct diag *diag) PTRD_NONNULL_ARGS(1, 4, 5);

/* Of a socket that was handed over. */
PTRD_CHECKED int listener_take(int fd, struct listener *out, struct diag *diag) PTRD_NONNULL;

/* Stops listening and removes the socket file. */
void listener_close(struct listener *l) PTRD_NONNULL;

#endif
