/* What the parts of rpc share: a worker, one call, and the method table. */
#ifndef PTRD_RPC_WORKER_H
#define PTRD_RPC_WORKER_H

#include "counters.h"
#include "ptrd/edit/edit.h"
#include "ptrd/powerdns/powerdns.h"
#include "ptrd/powerdns/reply.h"
#include "ptrd/resolve/within.h"
#include "ptrd/rpc/rpc.h"
#include "scan.h"

struct json_t;

/* The transaction of this connection. */
enum edit_phase {
    EDIT_NONE,
    EDIT_OPEN,
    EDIT_REFUSED /* given up already; what follows is refused until PowerDNS ends it too */
};

struct deleted {
    struct name owner;
    uint16_t type; /* RRTYPE_ANY: all */
};

struct transaction {
    enum edit_phase phase;
    struct edit *edit;       /* EDIT_OPEN */
    int64_t zone_id;         /* of the zone that startTransaction named */
    int64_t used_ms;         /* when the last request was answered */
    const char *why;         /* EDIT_REFUSED: what became of it */
    bool told;               /* the refusal of this request is no news: not for our log */
    struct deleted *deleted; /* RRsets: generated and derived ones among them are not shown to the
                                rest of the transaction, though the commit brings them back */
    size_t deleted_count, deleted_capacity;
};

/* Does a zone list completely on this connection? */
struct verdict {
    uint32_t zone_id; /* 0: of none */
    bool whole;
};
#define VERDICTS 256

struct rpc_worker {
    struct engine *engine;
    struct snapshot own_snapshot;
    bool snapshot_ready; /* made at the first request that reads: it takes a reader slot of the
                            store */
    struct snapshot *snapshot; /* to read with between worker_begin and worker_end: the worker's
                                  own, or that of the open edit */
    struct answer answer;
    struct transaction edit;
    struct reply reply;
    struct counted counted;
    enum leaf_mode leaf;
    bool stdio;                        /* the pipe connector, not the Unix one */
    struct list_capacity capacity;     /* of a list on this connection */
    struct verdict verdicts[VERDICTS]; /* by zone id; they hold for: */
    uint64_t verdicts_data, verdicts_environment;
};

/* A method handler writes one result (a JSON value) to w->reply. An error closes the connection;
 * with the next two the reply is made from diag->message, whatever was written. */
enum method_result {
    METHOD_DONE = 0,
    METHOD_REFUSED, /* `false` */
    METHOD_FAILED,  /* no result: PowerDNS raises an error */
    METHOD_NOTED,   /* as METHOD_DONE, and diag->message is a line for our log */
};
typedef int method_fn(struct rpc_worker *w, const struct json_t *parameters, struct diag *diag);
/* Of a method that PowerDNS gives a name and nothing else. */
typedef int named_fn(struct rpc_worker *w, const struct name *name, struct diag *diag);

struct method {
    const char *name;
    method_fn *handle;
    named_fn *handle_name;
    const char *result; /* JSON, where both are NULL */
};

/* Methods other than lookup. Never NULL: for one that nobody knows, a row with the result false. */
const struct method *method_find(const char *name, size_t len) PTRD_NONNULL;
/* Its number, below METHOD_COUNT_MAX; and the name of a number, NULL behind the last. */
unsigned method_number(const struct method *m) PTRD_NONNULL;
const char *method_name(unsigned number);

/* snapshot_begin, with diag on failure; worker_end after it. Inside an edit they show the edit. */
PTRD_CHECKED int worker_begin(struct rpc_worker *w, struct diag *diag) PTRD_NONNULL;
void worker_end(struct rpc_worker *w) PTRD_NONNULL;

/* The zone of ours with exactly this name, or NULL; between worker_begin and worker_end. */
const struct zone *worker_zone(const struct rpc_worker *w, const struct name *name) PTRD_NONNULL;

/* The result for a name that is no zone of ours. A leaf (leaf.h) is a zone to PowerDNS, and one
 * that has `nothing` (JSON); any other name gets false, so that PowerDNS asks its next backend.
 * Returns 0 or an error; between worker_begin and worker_end. */
PTRD_CHECKED int worker_no_zone(struct rpc_worker *w, const struct name *name,
                                const char *nothing) PTRD_NONNULL;

/* Calls apply with the open edit, or with one of its own that is committed then. What apply refuses
 * (an error that is no failure of store or memory) is METHOD_REFUSED, and ends an open edit. Writes
 * `true` on success. */
typedef int edit_fn(struct edit *e, void *ctx, struct diag *diag);
PTRD_CHECKED int worker_edit(struct rpc_worker *w, edit_fn *apply, void *ctx, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 4);
/* Records belong to a transaction, so that none stands for half of a change: METHOD_DONE, or the
 * refusal. */
PTRD_CHECKED int worker_edit_require(struct rpc_worker *w, struct diag *diag) PTRD_NONNULL;
void worker_edit_end(struct rpc_worker *w) PTRD_NONNULL; /* gives up what is open */
/* Takes out of w->answer, the answer to q, what the open edit has deleted. */
void worker_edit_hide(struct rpc_worker *w, const struct question *q) PTRD_NONNULL;
int64_t worker_now_ms(void); /* monotonic */
int64_t worker_now_s(void);  /* unix time */

/* lookup: the request's own decoder and encoder (lookup.c). */
PTRD_CHECKED int rpc_lookup(struct rpc_worker *w, const struct scan_request *request,
                            struct diag *diag) PTRD_NONNULL;

/* One record object (encode.c). qname: JSON text between quotes. zone_id 0: left out. */
void encode_row(struct reply *r, struct span qname, const struct row *row,
                uint32_t zone_id) PTRD_NONNULL;
/* The inside of a JSON string: UTF-8 as it is, octets that are not UTF-8 as U+FFFD. */
void encode_text(struct reply *r, struct span text) PTRD_NONNULL;
/* A JSON string, quotes included. */
void encode_string(struct reply *r, struct span text) PTRD_NONNULL;
/* A JSON string with a name and its final dot. */
void encode_name(struct reply *r, const struct name *name) PTRD_NONNULL;

/* --- the methods (methods.c has their table) --- */

/* zones.c */
named_fn method_get_domain_info;
method_fn method_get_all_domains, method_get_updated, method_get_unfresh;
/* notes.c */
method_fn method_set_notified, method_set_fresh, method_set_stale, method_super_master,
    method_create_slave;
/* PTRD_FOUND, PTRD_ABSENT (diag says what is left out; `what` is what follows from it), or an
 * error. Between worker_begin and worker_end. */
PTRD_CHECKED int worker_lists_whole(struct rpc_worker *w, const struct zone *zone, const char *what,
                                    struct diag *diag) PTRD_NONNULL;

/* list.c, search.c, direct.c */
method_fn method_initialize, method_list, method_search, method_direct;
/* metadata.c */
named_fn method_get_all_metadata;
method_fn method_get_metadata, method_set_metadata;
/* tsig.c */
method_fn method_get_tsig, method_get_all_tsig, method_set_tsig, method_delete_tsig;
/* keys.c */
named_fn method_get_keys;
method_fn method_add_key, method_remove_key, method_activate_key, method_deactivate_key,
    method_publish_key, method_unpublish_key;
/* denial.c */
method_fn method_denial;
/* edit.c */
method_fn method_start, method_commit, method_abort;
/* changes.c */
method_fn method_feed_record, method_feed_ents, method_replace;

#endif
