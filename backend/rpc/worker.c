#include "worker.h"

#include <jansson.h>
#include <stdlib.h>

int rpc_worker_new(struct engine *e, struct rpc_worker **out)
{
    struct rpc_worker *w = calloc(1, sizeof *w);
    if (!w)
        return PTRD_ENOMEM;
    w->engine = e;
    answer_init(&w->answer);
    *out = w;
    return 0;
}

void rpc_worker_free(struct rpc_worker *w)
{
    if (!w)
        return;
    if (w->snapshot_ready)
        snapshot_done(&w->snapshot);
    answer_done(&w->answer);
    reply_done(&w->reply);
    free(w);
}

void rpc_worker_rest(struct rpc_worker *w)
{
    reply_reset(&w->reply);
}

int worker_begin(struct rpc_worker *w, struct diag *diag)
{
    if (!w->snapshot_ready) {
        int rc = snapshot_init(&w->snapshot, w->engine);
        if (rc < 0)
            return diag_set(diag, rc, "cannot read the store: %s", ptrd_strerror(rc));
        w->snapshot_ready = true;
    }
    int rc = snapshot_begin(&w->snapshot);
    return rc < 0 ? diag_set(diag, rc, "cannot read the store: %s", ptrd_strerror(rc)) : 0;
}

void worker_end(struct rpc_worker *w)
{
    snapshot_end(&w->snapshot);
}

/* Methods other than lookup, their parameters read by jansson. */
static int handle_method(struct rpc_worker *w, const struct method *m, const char *request,
                         size_t len, struct diag *diag)
{
    json_error_t error;
    json_t *root = json_loadb(request, len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return diag_set(diag, PTRD_EINVAL, "not a JSON request: %s at byte %d", error.text,
                        error.position);
    int rc = 0;
    if (m->handle)
        rc = m->handle(w, json_object_get(root, "parameters"), diag);
    else
        reply_put(&w->reply, m->result, strlen(m->result));
    json_decref(root);
    return rc;
}

static int handle_request(struct rpc_worker *w, const char *text, size_t len, struct diag *diag)
{
    struct scan_request request;
    char name[64];
    size_t name_len;
    int rc = scan_request(text, len, &request, diag);
    if (rc < 0)
        return rc;
    if (request.method.kind != SCAN_STRING)
        return diag_set(diag, PTRD_EINVAL, "not a request: no method");
    if (request.parameters.kind != SCAN_OBJECT && request.parameters.kind != SCAN_MISSING)
        return diag_set(diag, PTRD_EINVAL, "not a request: parameters are no object");
    /* APILookup: PowerDNS 5.0's HTTP API asking for one name */
    if (scan_is(&request.method, "lookup", 6) || scan_is(&request.method, "APILookup", 9))
        return rpc_lookup(w, &request, diag);
    if (scan_string(&request.method, name, sizeof name, &name_len) < 0)
        name_len = 0; /* longer than any that we know */
    return handle_method(w, method_find(name, name_len), text, len, diag);
}

enum rpc_verdict rpc_handle(struct rpc_worker *w, const char *request, size_t len,
                            const char **reply, size_t *reply_len, struct diag *diag)
{
    struct reply *r = &w->reply;
    diag->message[0] = '\0';
    reply_reset(r);
    REPLY_LITERAL(r, "{\"result\":");
    if (handle_request(w, request, len, diag) < 0)
        return RPC_CLOSE;
    REPLY_LITERAL(r, "}\n");
    if (r->error) {
        diag_set(diag, r->error, "the reply cannot be made: %s", ptrd_strerror(r->error));
        return RPC_CLOSE;
    }
    *reply = r->bytes;
    *reply_len = r->len;
    return RPC_REPLY;
}
