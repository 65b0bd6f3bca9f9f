/* Metadata of zones: local in front of the source's by kind; an empty local list hides it. */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "ptrd/resolve/deny.h"
#include "worker.h"

#define NARROW "NSEC3NARROW"

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

static bool is_kind(const struct kinds *k, const char *kind)
{
    return k->kind.len == strlen(kind) && memcmp(k->kind.bytes, kind, k->kind.len) == 0;
}

static int encode_kind(struct reply *r, const struct kinds *k, unsigned *count)
{
    if ((*count)++ > 0)
        REPLY_LITERAL(r, ",");
    encode_string(r, k->kind);
    REPLY_LITERAL(r, ":");
    return encode_strings(r, k->value);
}

static int encode_kinds(struct rpc_worker *w, uint32_t zone_id, const struct store_buf *from,
                        bool narrow)
{
    struct store_reader *reader = w->snapshot->reader;
    struct kinds source = {.table = STORE_METADATA, .zone_id = zone_id};
    struct kinds local = {.table = STORE_LOCAL_METADATA, .zone_id = zone_id};
    unsigned count = 0;
    int rc = 0;
    kinds_first(&source, reader, from);
    kinds_first(&local, reader, from);
    REPLY_LITERAL(&w->reply, "{");
    if (narrow && count++ == 0)
        REPLY_LITERAL(&w->reply, "\"" NARROW "\":[\"1\"]");
    while (rc == 0 && source.state >= 0 && local.state >= 0 &&
           (source.state == PTRD_FOUND || local.state == PTRD_FOUND)) {
        int order = kinds_compare(&local, &source);
        struct kinds *one = order <= 0 ? &local : &source;
        /* an empty one of the source is one, as it always was */
        if ((one == &source || !is_empty(one->value)) && !(narrow && is_kind(one, NARROW)))
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

/* A zone that is denied minimally has no NSEC3 chain: with NSEC3PARAM it is one of NSEC3 narrow,
 * whatever was set. PTRD_FOUND: it is. */
static int is_narrow(struct rpc_worker *w, const struct zone *zone)
{
    struct span value, item;
    size_t at = 0;
    int found = resolve_metadata(w->snapshot, zone->id, "NSEC3PARAM", &value);
    if (found == PTRD_FOUND)
        found = store_next_string(value, &at, &item);
    return found == PTRD_FOUND ? deny_minimally(w->snapshot, zone) : found;
}

static int encode_all(struct rpc_worker *w, const struct zone *zone)
{
    struct store_buf from = {0};
    int narrow = is_narrow(w, zone);
    int rc = narrow < 0 ? narrow : store_key_metadata(zone->id, "", &from);
    if (rc == 0)
        rc = encode_kinds(w, zone->id, &from, narrow == PTRD_FOUND);
    store_buf_done(&from);
    return rc;
}

/* Does the kind let others transfer the zone? */
static bool is_permission(const char *kind)
{
    return strcmp(kind, "ALLOW-AXFR-FROM") == 0 || strcmp(kind, "TSIG-ALLOW-AXFR") == 0;
}

/* Of a zone that lists incompletely on this connection nobody may have what would look like all of
 * it. */
static int encode_permission(struct rpc_worker *w, const struct zone *zone, struct span value,
                             struct diag *diag)
{
    int rc = worker_lists_whole(w, zone, "no transfer is permitted", diag);
    if (rc == PTRD_FOUND)
        return encode_strings(&w->reply, value);
    REPLY_LITERAL(&w->reply, "[]");
    return rc < 0 ? rc : METHOD_NOTED;
}

static int encode_one(struct rpc_worker *w, const struct zone *zone, const char *kind,
                      struct diag *diag)
{
    struct span value;
    int rc = strcmp(kind, NARROW) == 0 ? is_narrow(w, zone) : PTRD_ABSENT;
    if (rc == PTRD_FOUND) {
        REPLY_LITERAL(&w->reply, "[\"1\"]");
        return 0;
    }
    if (rc == PTRD_ABSENT)
        rc = resolve_metadata(w->snapshot, zone->id, kind, &value);
    if (rc == PTRD_FOUND && is_permission(kind) && !is_empty(value))
        return encode_permission(w, zone, value, diag);
    if (rc == PTRD_FOUND)
        return encode_strings(&w->reply, value);
    if (rc == PTRD_ABSENT)
        REPLY_LITERAL(&w->reply, "[]");
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
    else if ((rc = kind ? encode_one(w, zone, kind, diag) : encode_all(w, zone)) < 0)
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

/* pdnsutil adds to the permissions that it was shown, and none of such a zone are. */
static int refuse_permission(struct rpc_worker *w, const struct change *c, struct diag *diag)
{
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct zone *zone = worker_zone(w, &c->zone);
    rc = zone ? worker_lists_whole(w, zone, "no transfer can be permitted", diag) : PTRD_FOUND;
    worker_end(w);
    if (rc != PTRD_ABSENT)
        return rc < 0 ? rc : METHOD_DONE;
    count_one(&w->counted, COUNT_REFUSED);
    return METHOD_REFUSED;
}

int method_set_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct change c = {.values = json_object_get(parameters, "value")};
    int rc = param_name(parameters, "name", &c.zone, diag);
    if (rc == 0)
        rc = param_text(parameters, "kind", &c.kind, diag);
    if (rc == 0 && !json_is_array(c.values))
        rc = diag_set(diag, PTRD_EINVAL, "parameter `value` is not an array");
    if (rc == 0 && is_permission((const char *)c.kind.bytes) && json_array_size(c.values) > 0)
        rc = refuse_permission(w, &c, diag);
    return rc != METHOD_DONE ? rc : worker_edit(w, apply_change, &c, diag);
}
