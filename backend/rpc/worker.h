/* What the parts of rpc share: a worker, one call, and the method table. */
#ifndef PTRD_RPC_WORKER_H
#define PTRD_RPC_WORKER_H

#include "ptrd/rpc/rpc.h"
#include "reply.h"
#include "scan.h"

struct json_t;

struct rpc_worker {
    struct engine *engine;
    struct snapshot snapshot;
    bool snapshot_ready; /* made at the first request that reads: it takes a reader slot of the
                            store */
    struct answer answer;
    struct reply reply;
};

/* A method handler writes one result (a JSON value) to w->reply. 0, or an error that closes the
 * connection, with diag filled. */
typedef int method_fn(struct rpc_worker *w, const struct json_t *parameters, struct diag *diag);

struct method {
    const char *name;
    method_fn *handle;  /* NULL: the fixed result */
    const char *result; /* JSON */
};

/* Methods other than lookup. Never NULL: for one that nobody knows, a row with the result false. */
const struct method *method_find(const char *name, size_t len) PTRD_NONNULL;

/* snapshot_begin, with diag on failure; worker_end after it. */
PTRD_CHECKED int worker_begin(struct rpc_worker *w, struct diag *diag) PTRD_NONNULL;
void worker_end(struct rpc_worker *w) PTRD_NONNULL;

/* lookup: the request's own decoder and encoder (lookup.c). */
PTRD_CHECKED int rpc_lookup(struct rpc_worker *w, const struct scan_request *request,
                            struct diag *diag) PTRD_NONNULL;

/* One record object (encode.c). qname: JSON text between quotes. zone_id 0: left out. */
void encode_row(struct reply *r, struct span qname, const struct row *row,
                uint32_t zone_id) PTRD_NONNULL;

#endif
