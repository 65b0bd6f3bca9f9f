/* Tells PowerDNS servers what to forget: at once (flush_now), or by a thread a server that goes on
 * until it is done (struct flusher).
 *
 * Two ways to reach a server:
 *   control  its control socket, where it runs on this machine. One connection for many names; one
 *            name alone can be purged; its caches of keys and metadata are cleared with it. New and
 *            removed zones by REDISCOVER, before the purge.
 *   url      its HTTP API. A connection and, in PowerDNS, a new connection to the backend for each
 *            purge; it purges a name always with everything below, so PURGE_SERIAL is left out;
 *            PowerDNS 4.7 leaves its caches of keys and metadata as they are
 *            (zone-metadata-cache-ttl). New and removed zones by their own names.
 * Zones whose secondaries are to be notified are told to it after the purge; a PowerDNS that is no
 * primary refuses that, which is no failure.
 * Flush what a transaction changed after its commit, and only then: before it, PowerDNS would ask
 * for the old answer again. */
#ifndef PTRD_SYNC_FLUSH_H
#define PTRD_SYNC_FLUSH_H

#include "ptrd/sync/purge.h"

/* Borrowed texts. Exactly one of control and url. */
struct flush_server {
    const char *control; /* path of a Unix socket, pdns.controlsocket in PowerDNS's socket-dir */
    const char *url;     /* as http://127.0.0.1:8081 */
    const char *api_key; /* with url; a secret: it is never printed */
};

/* What it has cost. */
struct flush_counts {
    uint64_t purges;   /* names and zones, "all" being one */
    uint64_t requests; /* each a connection, but where an HTTP server keeps it */
    uint64_t sent, received;
};

struct flush_link; /* one server's, for one thread at a time */

/* PTRD_EINVAL with diag: not exactly one of control and url, or one that cannot be used. */
PTRD_CHECKED int flush_link_new(const struct flush_server *server, struct flush_link **out,
                                struct diag *diag) PTRD_NONNULL;
void flush_link_free(struct flush_link *link);
/* A flush_now that is under way on another thread ends after the request that it waits for, with
 * -ECANCELED, and so do all later ones. */
void flush_link_cancel(struct flush_link *link) PTRD_NONNULL;

/* Purges all of the set, which it settles. timeout_ms: for each request. Counts are added. On
 * failure (PTRD_EINVAL: the server refuses; -errno: it is not there; diag has the reason) it ends
 * there: do it all again. */
PTRD_CHECKED int flush_now(struct flush_link *link, struct purge_set *set, unsigned timeout_ms,
                           struct flush_counts *counts, struct diag *diag) PTRD_NONNULL;

/* --- until it is done ------------------------------------------------------------------------- */

/* A server that does not answer is tried again, first after 100 ms, at last every 10 s; what it
 * must forget waits in one set a server, which is bounded as the set is. What was purged is purged
 * once more when repeat_ms have passed: a question that was under way at the time of the commit
 * may have put the old answer back. Secondaries are notified with that, or at once where nothing is
 * repeated. */
#define FLUSH_REPEAT_MS 1000
#define FLUSH_TIMEOUT_MS 2000

struct flusher_config {
    const struct flush_server *servers; /* borrowed during flusher_new */
    unsigned count;
    unsigned timeout_ms, repeat_ms; /* repeat_ms 0: never */
    /* What a server's state has become, once a change: NULL error: it is reached again. On the
     * server's thread; may be NULL. Libraries do not log. */
    void (*changed)(void *ctx, const char *server, const char *error);
    void *ctx;
};

struct flusher;

/* Starts a thread a server. Add purge_add_all at the start of a program: what was committed before
 * its end may not have been flushed. */
PTRD_CHECKED int flusher_new(const struct flusher_config *config, struct flusher **out,
                             struct diag *diag) PTRD_NONNULL;
/* Ends the threads; what is not yet purged, is not. */
void flusher_free(struct flusher *f);

/* Any thread; does not wait for servers. */
void flusher_add(struct flusher *f, const struct purge_set *set) PTRD_NONNULL;

/* Until each server has all that was added before the call, repetitions aside: PTRD_FOUND, or
 * PTRD_ABSENT after timeout_ms. Any thread. */
PTRD_CHECKED int flusher_wait(struct flusher *f, unsigned timeout_ms) PTRD_NONNULL;

struct flush_status {
    const char *server; /* lives as long as the flusher */
    struct flush_counts counts;
    uint64_t failures;    /* attempts that failed */
    uint64_t oldest_ms;   /* the age of the oldest change that is not flushed; 0: none waits */
    bool waiting;         /* something waits */
    bool failing;         /* the last attempt failed: */
    char last_error[256]; /* also of earlier ones, "" before the first */
};
/* Server i of the configuration. Any thread. */
void flusher_status(struct flusher *f, unsigned i, struct flush_status *out) PTRD_NONNULL;

#endif
