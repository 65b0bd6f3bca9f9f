#include "worker.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "params.h"

int rpc_worker_new(struct engine *e, struct rpc_worker **out)
{
    struct rpc_worker *w = calloc(1, sizeof *w);
    if (!w)
        return PTRD_ENOMEM;
    w->engine = e;
    answer_init(&w->answer);
    w->capacity = list_capacity_unix(LIST_TIMEOUT_MS);
    *out = w;
    return 0;
}

void rpc_worker_free(struct rpc_worker *w)
{
    if (!w)
        return;
    worker_edit_end(w);
    counted_end(&w->counted);
    if (w->snapshot_ready)
        snapshot_done(&w->own_snapshot);
    answer_done(&w->answer);
    reply_done(&w->reply);
    free(w);
}

void rpc_worker_leaf(struct rpc_worker *w, enum leaf_mode mode)
{
    w->leaf = mode;
}

void rpc_worker_rest(struct rpc_worker *w)
{
    reply_reset(&w->reply);
}

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t worker_now_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

int64_t worker_now_s(void)
{
    return now_ms(CLOCK_REALTIME) / 1000;
}

/* --- reading --- */

static int own_snapshot(struct rpc_worker *w, struct diag *diag)
{
    if (!w->snapshot_ready) {
        int rc = snapshot_init(&w->own_snapshot, w->engine);
        if (rc < 0)
            return diag_set(diag, rc, "cannot read the store: %s", ptrd_strerror(rc));
        store_reader_lag(w->own_snapshot.own, STORE_LAG_US);
        w->snapshot_ready = true;
    }
    w->snapshot = &w->own_snapshot;
    return 0;
}

int worker_begin(struct rpc_worker *w, struct diag *diag)
{
    int rc = 0;
    if (w->edit.phase == EDIT_OPEN)
        w->snapshot = edit_snapshot(w->edit.edit);
    else
        rc = own_snapshot(w, diag);
    if (rc < 0)
        return rc;
    rc = snapshot_begin(w->snapshot);
    return rc < 0 ? diag_set(diag, rc, "cannot read the store: %s", ptrd_strerror(rc)) : 0;
}

void worker_end(struct rpc_worker *w)
{
    snapshot_end(w->snapshot);
}

const struct zone *worker_zone(const struct rpc_worker *w, const struct name *name)
{
    return powerdns_zone(w->snapshot, name);
}

int worker_no_zone(struct rpc_worker *w, const struct name *name, const char *nothing)
{
    int leaf = leaf_find(w->snapshot, w->leaf, name, &w->answer);
    const char *result = leaf == PTRD_FOUND ? nothing : "false";
    reply_put(&w->reply, result, strlen(result));
    return leaf < 0 ? leaf : 0;
}

/* --- one request --- */

/* Most questions that are no lookups, as PowerDNS writes them: not for jansson, which takes ten
 * times as long as what is asked for. */
static int handle_name(struct rpc_worker *w, const struct method *m, const struct scan_value *text,
                       struct diag *diag)
{
    struct name name;
    int rc = name_parse(text->at, text->len, &name, diag);
    return rc < 0 ? rc : m->handle_name(w, &name, diag);
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
    const json_t *parameters = json_object_get(root, "parameters");
    struct name name;
    int rc = 0;
    if (m->handle)
        rc = m->handle(w, parameters, diag);
    else if (!m->handle_name)
        reply_put(&w->reply, m->result, strlen(m->result));
    else if ((rc = param_name(parameters, "name", &name, diag)) == 0)
        rc = m->handle_name(w, &name, diag);
    json_decref(root);
    return rc;
}

static const struct method *find_method(const struct scan_value *value)
{
    char name[64];
    size_t name_len;
    if (scan_string(value, name, sizeof name, &name_len) < 0)
        name_len = 0; /* longer than any that we know */
    return method_find(name, name_len);
}

static int handle_request(struct rpc_worker *w, const char *text, size_t len,
                          const struct method **method, struct diag *diag)
{
    struct scan_request request;
    int rc = scan_request(text, len, &request, diag);
    if (rc < 0)
        return rc;
    if (request.method.kind != SCAN_STRING)
        return diag_set(diag, PTRD_EINVAL, "not a request: no method");
    if (request.parameters.kind != SCAN_OBJECT && request.parameters.kind != SCAN_MISSING)
        return diag_set(diag, PTRD_EINVAL, "not a request: parameters are no object");
    if (scan_is(&request.method, "lookup", 6)) {
        count_one(&w->counted, 0);
        return rpc_lookup(w, &request, diag);
    }
    *method = find_method(&request.method);
    count_one(&w->counted, method_number(*method));
    /* APILookup: PowerDNS 5.0's HTTP API asking for one name */
    if (scan_is(&request.method, "APILookup", 9))
        return rpc_lookup(w, &request, diag);
    if (request.name.kind == SCAN_STRING && (*method)->handle_name)
        return handle_name(w, *method, &request.name, diag);
    return handle_method(w, *method, text, len, diag);
}

/* The reply to a request that was refused, and the line for our log. */
static void encode_refusal(struct rpc_worker *w, int result, const struct method *m,
                           struct diag *diag)
{
    struct reply *r = &w->reply;
    reply_reset(r);
    REPLY_LITERAL(r, "{");
    if (result == METHOD_REFUSED)
        REPLY_LITERAL(r, "\"result\":false,");
    REPLY_LITERAL(r, "\"log\":[");
    encode_string(r, (struct span){(const uint8_t *)diag->message, strlen(diag->message)});
    REPLY_LITERAL(r, "]");
    char reason[sizeof diag->message];
    memcpy(reason, diag->message, sizeof reason);
    diag_set(diag, 0, "%s refused: %.700s", m->name, reason);
    if (w->edit.told)
        diag->message[0] = '\0';
}

enum rpc_verdict rpc_handle(struct rpc_worker *w, const char *request, size_t len,
                            const char **reply, size_t *reply_len, struct diag *diag)
{
    struct reply *r = &w->reply;
    const struct method *method = NULL;
    diag->message[0] = '\0';
    w->edit.told = false;
    reply_reset(r);
    REPLY_LITERAL(r, "{\"result\":");
    int rc = handle_request(w, request, len, &method, diag);
    w->edit.used_ms = w->edit.phase == EDIT_OPEN ? worker_now_ms() : 0;
    if (rc < 0)
        return RPC_CLOSE;
    if (rc == METHOD_DONE)
        diag->message[0] = '\0';
    else if (rc != METHOD_NOTED)
        encode_refusal(w, rc, method, diag);
    REPLY_LITERAL(r, "}\n");
    if (r->error) {
        diag_set(diag, r->error, "the reply cannot be made: %s", ptrd_strerror(r->error));
        return RPC_CLOSE;
    }
    *reply = r->bytes;
    *reply_len = r->len;
    return RPC_REPLY;
}
