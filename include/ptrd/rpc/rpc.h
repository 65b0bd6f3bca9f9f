/* The remote-backend protocol without sockets: one request in, one reply out.
 *
 * rpc_frame cuts requests out of a byte stream; a worker answers one request at a time. The lookup
 * request and reply have a bounded decoder and encoder of our own (no allocation once the reply
 * buffer has grown), and so have the questions that PowerDNS asks with a name alone, in its own
 * spelling; every other request goes through jansson. A worker looks once a millisecond at the most
 * whether the store's directory was replaced. A request that is malformed, or that
 * cannot be answered (store, memory), closes the connection: PowerDNS turns that into SERVFAIL,
 * while `false` and `[]` mean "no such name" to it. One thread a worker. */
#ifndef PTRD_RPC_RPC_H
#define PTRD_RPC_RPC_H

#include "ptrd/resolve/leaf.h"

#define RPC_FRAME_MAX (4u << 20) /* bytes of one request */

/* Looks for one complete request at the start of buf. Returns its length including the newline
 * (leading blank space and empty lines count to it), 0 for "need more", PTRD_ELIMIT when max bytes
 * hold none. */
PTRD_CHECKED long rpc_frame(const char *buf, size_t len, size_t max) PTRD_NONNULL;

#define RPC_EDIT_WAIT_MS 1000 /* for another writer to end; PowerDNS waits 2 s for a reply */
#define RPC_EDIT_IDLE_MS 5000

struct rpc_worker;
PTRD_CHECKED int rpc_worker_new(struct engine *e, struct rpc_worker **out) PTRD_NONNULL;
void rpc_worker_free(struct rpc_worker *w); /* gives up an open edit */
/* The client is PowerDNS's pipe connector, which reads long replies faster than its Unix connector;
 * before the first request. */
void rpc_worker_stdio(struct rpc_worker *w) PTRD_NONNULL;
/* Which names are leaves; none without it. Before the first request. */
void rpc_worker_leaf(struct rpc_worker *w, enum leaf_mode mode) PTRD_NONNULL;

/* What all workers of a server have done, for backend-cmd `stats`. Any thread. */
struct rpc_counters;
PTRD_CHECKED int rpc_counters_new(struct rpc_counters **out) PTRD_NONNULL;
void rpc_counters_free(struct rpc_counters *c); /* no worker is left */
/* The worker's work counts from now on; before its first request. c outlives it. */
void rpc_worker_count(struct rpc_worker *w, struct rpc_counters *c) PTRD_NONNULL;

enum rpc_verdict {
    RPC_REPLY, /* *reply is one JSON object and a newline, to be written in one piece; where
                  diag->message is not "", a request was refused, or a zone
                  does not fit the connection: one log line too */
    RPC_CLOSE, /* close the connection; diag->message says why (one log line) */
};

/* reply points into the worker until the next call. */
enum rpc_verdict rpc_handle(struct rpc_worker *w, const char *request, size_t len,
                            const char **reply, size_t *reply_len, struct diag *diag) PTRD_NONNULL;

/* For poll(2): how long the next request may be waited for; -1: for ever. When that has passed,
 * rpc_wait_over gives up the edit; true: diag->message says so (one log line). */
int rpc_wait_ms(const struct rpc_worker *w) PTRD_NONNULL;
bool rpc_wait_over(struct rpc_worker *w, struct diag *diag) PTRD_NONNULL;

/* The reply was sent, and the next request may be long in coming: gives back the memory of an
 * unusually large one. */
void rpc_worker_rest(struct rpc_worker *w) PTRD_NONNULL;

#endif
