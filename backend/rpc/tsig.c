/* TSIG keys (RFC 8945): kept in the store, used by PowerDNS. */
#include <jansson.h>

#include "params.h"
#include "worker.h"

/* ["algorithm", "secret"] as stored. */
static int encode_key(struct reply *r, struct span value)
{
    struct span algorithm, secret;
    size_t at = 0;
    int rc = store_next_string(value, &at, &algorithm);
    if (rc == PTRD_FOUND)
        rc = store_next_string(value, &at, &secret);
    if (rc != PTRD_FOUND)
        return rc < 0 ? rc : PTRD_ECORRUPT;
    REPLY_LITERAL(r, "\"algorithm\":");
    encode_string(r, algorithm);
    REPLY_LITERAL(r, ",\"content\":");
    encode_string(r, secret);
    return 0;
}

static int encode_named(struct rpc_worker *w, const struct name *name)
{
    struct store_buf key = {0};
    struct span value;
    int rc = store_key_name(name, &key);
    if (rc == 0)
        rc = store_get(w->snapshot->reader, STORE_TSIG, (struct span){key.bytes, key.len}, &value);
    if (rc == PTRD_ABSENT)
        REPLY_LITERAL(&w->reply, "false");
    if (rc == PTRD_FOUND) {
        REPLY_LITERAL(&w->reply, "{");
        rc = encode_key(&w->reply, value);
        REPLY_LITERAL(&w->reply, "}");
    }
    store_buf_done(&key);
    return rc;
}

static int encode_all(struct rpc_worker *w)
{
    struct reply *r = &w->reply;
    struct span key, value;
    struct name name;
    unsigned count = 0;
    int rc = store_seek(w->snapshot->reader, STORE_TSIG, (struct span){(const uint8_t *)"", 0},
                        &key, &value);
    REPLY_LITERAL(r, "[");
    while (rc == PTRD_FOUND) {
        rc = name_from_key(key.bytes, key.len, &name);
        if (rc < 0)
            break;
        if (count++ > 0)
            REPLY_LITERAL(r, ",");
        REPLY_LITERAL(r, "{\"name\":");
        encode_name(r, &name);
        REPLY_LITERAL(r, ",");
        rc = encode_key(r, value);
        REPLY_LITERAL(r, "}");
        if (rc == 0)
            rc = store_next(w->snapshot->reader, STORE_TSIG, &key, &value);
    }
    REPLY_LITERAL(r, "]");
    return rc;
}

static int finish(struct rpc_worker *w, int rc, struct diag *diag)
{
    worker_end(w);
    return rc < 0 ? diag_set(diag, rc, "TSIG keys: %s", ptrd_strerror(rc)) : 0;
}

/* getTSIGKey name */
int method_get_tsig(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name name;
    int rc = param_name(parameters, "name", &name, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    return finish(w, encode_named(w, &name), diag);
}

/* getTSIGKeys */
int method_get_all_tsig(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    int rc = worker_begin(w, diag);
    return rc < 0 ? rc : finish(w, encode_all(w), diag);
}

struct change {
    struct name name;
    const char *algorithm, *secret; /* NULL: delete */
};

static int apply_change(struct edit *e, void *ctx, struct diag *diag)
{
    const struct change *c = ctx;
    char name[NAME_TEXT_SIZE];
    int rc = edit_tsig(e, &c->name, c->algorithm, c->secret, diag);
    if (rc != PTRD_ABSENT || c->algorithm)
        return rc;
    name_print(&c->name, name);
    return diag_set(diag, PTRD_EINVAL, "there is no TSIG key %s", name);
}

/* setTSIGKey name, algorithm, content */
int method_set_tsig(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct change c;
    struct span algorithm, secret;
    int rc = param_name(parameters, "name", &c.name, diag);
    if (rc == 0)
        rc = param_text(parameters, "algorithm", &algorithm, diag);
    if (rc == 0)
        rc = param_text(parameters, "content", &secret, diag);
    if (rc < 0)
        return rc;
    c.algorithm = (const char *)algorithm.bytes;
    c.secret = (const char *)secret.bytes;
    return worker_edit(w, apply_change, &c, diag);
}

/* deleteTSIGKey name */
int method_delete_tsig(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct change c = {0};
    int rc = param_name(parameters, "name", &c.name, diag);
    return rc < 0 ? rc : worker_edit(w, apply_change, &c, diag);
}
