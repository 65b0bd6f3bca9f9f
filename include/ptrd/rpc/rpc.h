/* The remote-backend protocol without sockets: one request in, one reply out.
 *
 * rpc_frame cuts requests out of a byte stream; a worker answers one request at a time. The lookup
 * request and reply have a bounded decoder and encoder of our own (no allocation once the reply
 * buffer has grown); every other method goes through jansson. A request that is malformed, or that
 * cannot be answered (store, memory), closes the connection: PowerDNS turns that into SERVFAIL,
 * while `false` and `[]` mean "no such name" to it. One thread a worker. */
#ifndef PTRD_RPC_RPC_H
#define PTRD_RPC_RPC_H

#include "ptrd/resolve/resolve.h"

#define RPC_FRAME_MAX (4u << 20) /* bytes of one request */
#define RPC_REPLY_MAX (1u << 30) /* bytes of one reply */

/* Looks for one complete request at the start of buf. Returns its length including the newline
 * (leading blank space and empty lines count to it), 0 for "need more", PTRD_ELIMIT when max bytes
 * hold none. */
PTRD_CHECKED long rpc_frame(const char *buf, size_t len, size_t max) PTRD_NONNULL;

struct rpc_worker;
PTRD_CHECKED int rpc_worker_new(struct engine *e, struct rpc_worker **out) PTRD_NONNULL;
void rpc_worker_free(struct rpc_worker *w);

enum rpc_verdict {
    RPC_REPLY, /* *reply is one JSON object and a newline, to be written in one piece */
    RPC_CLOSE, /* close the connection; diag->message says why (one log line) */
};

/* reply points into the worker until the next call. */
enum rpc_verdict rpc_handle(struct rpc_worker *w, const char *request, size_t len,
                            const char **reply, size_t *reply_len, struct diag *diag) PTRD_NONNULL;

/* The reply was sent, and the next request may be long in coming: gives back the memory of an
 * unusually large one. */
void rpc_worker_rest(struct rpc_worker *w) PTRD_NONNULL;

#endif
