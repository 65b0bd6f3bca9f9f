/* Metadata of zones: local in front of the source's by kind; an empty local list hides it. */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

static int encode_strings(struct reply *r, struct span value)
{
    struct span item;
    size_t at = 0;
    unsigned count = 0;
    int rc;
    REPLY_LITERAL(r, "[");
    while ((rc = store_next_string(value, &at, &item)) == PTRD_FOUND) {
        if (count++ > 0)
            REPLY_LITERAL(r, ",");
        encode_string(r, item);
    }
    REPLY_LITERAL(r, "]");
    return rc;
}

/* One of the two tables, while the kinds of a zone are walked through. */
struct kinds {
    enum store_table table;
    uint32_t zone_id;
    int state; /* PTRD_FOUND: kind and value are the next; PTRD_ABSENT: no more; or an error */
    struct span kind, value;
};

static void kinds_take(struct kinds *k, int found, struct span key)
{
    uint32_t id;
    k->state = found == PTRD_FOUND ? store_read_key_metadata(key, &id, &k->kind) : found;
    if (found == PTRD_FOUND && k->state == 0)
        k->state = id == k->zone_id ? PTRD_FOUND : PTRD_ABSENT;
}

static void kinds_first(struct kinds *k, struct store_reader *r, const struct store_buf *from)
{
    struct span key;
    int found = store_seek(r, k->table, (struct span){from->bytes, from->len}, &key, &k->value);
    kinds_take(k, found, key);
}

static void kinds_next(struct kinds *k, struct store_reader *r)
{
    struct span key;
    int found = store_next(r, k->table, &key, &k->value);
    kinds_take(k, found, key);
}

/* <0: the kind of a comes first; also when b has none. */
static int kinds_compare(const struct kinds *a, const struct kinds *b)
{
    if (a->state != PTRD_FOUND || b->state != PTRD_FOUND)
        return a->state == PTRD_FOUND ? -1 : 1;
    size_t len = a->kind.len < b->kind.len ? a->kind.len : b->kind.len;
    int order = memcmp(a->kind.bytes, b->kind.bytes, len);
    if (order != 0)
        return order;
    return (a->kind.len > b->kind.len) - (a->kind.len < b->kind.len);
}

static bool is_empty(struct span value)
{
    struct span item;
    size_t at = 0;
    return store_next_string(value, &at, &item) == PTRD_ABSENT;
}

static int encode_kind(struct reply *r, const struct kinds *k, unsigned *count)
{
    if ((*count)++ > 0)
        REPLY_LITERAL(r, ",");
    encode_string(r, k->kind);
    REPLY_LITERAL(r, ":");
    return encode_strings(r, k->value);
}

static int encode_all(struct rpc_worker *w, uint32_t zone_id, const struct store_buf *from)
{
    struct store_reader *reader = w->snapshot->reader;
    struct kinds source = {.table = STORE_METADATA, .zone_id = zone_id};
    struct kinds local = {.table = STORE_LOCAL_METADATA, .zone_id = zone_id};
    unsigned count = 0;
    int rc = 0;
    kinds_first(&source, reader, from);
    kinds_first(&local, reader, from);
    REPLY_LITERAL(&w->reply, "{");
    while (rc == 0 && source.state >= 0 && local.state >= 0 &&
           (source.state == PTRD_FOUND || local.state == PTRD_FOUND)) {
        int order = kinds_compare(&local, &source);
        struct kinds *one = order <= 0 ? &local : &source;
        /* an empty one of the source is one, as it always was */
        if (one == &source || !is_empty(one->value))
            rc = encode_kind(&w->reply, one, &count);
        if (order <= 0)
            kinds_next(&local, reader);
        if (order >= 0)
            kinds_next(&source, reader);
    }
    REPLY_LITERAL(&w->reply, "}");
    if (source.state < 0 || local.state < 0)
        rc = source.state < 0 ? source.state : local.state;
    return rc;
}

static int encode_one(struct rpc_worker *w, const struct store_buf *buf)
{
    struct span key = {buf->bytes, buf->len}, value;
    int rc = store_get(w->snapshot->reader, STORE_LOCAL_METADATA, key, &value);
    if (rc == PTRD_ABSENT)
        rc = store_get(w->snapshot->reader, STORE_METADATA, key, &value);
    if (rc == PTRD_FOUND)
        return encode_strings(&w->reply, value);
    if (rc == PTRD_ABSENT)
        REPLY_LITERAL(&w->reply, "[]");
    return rc;
}

static int encode_metadata(struct rpc_worker *w, uint32_t zone_id, const char *kind)
{
    struct store_buf key = {0};
    int rc = store_key_metadata(zone_id, kind ? kind : "", &key);
    if (rc == 0)
        rc = kind ? encode_one(w, &key) : encode_all(w, zone_id, &key);
    store_buf_done(&key);
    return rc;
}

/* Of one kind, or of all (kind NULL). A name that is no zone of ours: false, so that PowerDNS asks
 * its next backend. */
static int get_metadata(struct rpc_worker *w, const json_t *parameters, const char *kind,
                        struct diag *diag)
{
    struct name name;
    int rc = param_name(parameters, "name", &name, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    const struct zone *zone = worker_zone(w, &name);
    if (!zone)
        REPLY_LITERAL(&w->reply, "false");
    else if ((rc = encode_metadata(w, zone->id, kind)) < 0)
        diag_set(diag, rc, "metadata: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc;
}

/* getAllDomainMetadata name */
int method_get_all_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return get_metadata(w, parameters, NULL, diag);
}

/* getDomainMetadata name, kind */
int method_get_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct span kind;
    int rc = param_text(parameters, "kind", &kind, diag);
    return rc < 0 ? rc : get_metadata(w, parameters, (const char *)kind.bytes, diag);
}

/* --- setDomainMetadata name, kind, value --- */

struct change {
    struct name zone;
    struct span kind;
    const json_t *values;
};

static int read_values(const json_t *values, struct span *out, struct diag *diag)
{
    size_t i;
    const json_t *value;
    json_array_foreach(values, i, value)
    {
        if (!json_is_string(value))
            return diag_set(diag, PTRD_EINVAL, "a value is not a string");
        out[i] =
            (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
    }
    return 0;
}

static int apply_change(struct edit *e, void *ctx, struct diag *diag)
{
    const struct change *c = ctx;
    char zone[NAME_TEXT_SIZE];
    size_t count = json_array_size(c->values);
    struct span *values = calloc(count + 1, sizeof *values);
    if (!values)
        return PTRD_ENOMEM;
    int rc = read_values(c->values, values, diag);
    if (rc == 0) {
        rc = edit_metadata(e, &c->zone, (const char *)c->kind.bytes, values, (unsigned)count, diag);
        name_print(&c->zone, zone);
        if (rc == PTRD_ABSENT)
            rc = diag_set(diag, PTRD_EINVAL, "%s is no zone of this store", zone);
    }
    free(values);
    return rc;
}

int method_set_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct change c = {.values = json_object_get(parameters, "value")};
    int rc = param_name(parameters, "name", &c.zone, diag);
    if (rc == 0)
        rc = param_text(parameters, "kind", &c.kind, diag);
    if (rc == 0 && !json_is_array(c.values))
        rc = diag_set(diag, PTRD_EINVAL, "parameter `value` is not an array");
    return rc < 0 ? rc : worker_edit(w, apply_change, &c, diag);
}
