/* Metadata of zones: local in front of the source's by kind; an empty local list hides it. */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

struct encoding {
    struct reply *reply;
    unsigned kinds, values; /* so far; values: of the last kind */
};

static void encode_kind(void *ctx, struct span kind)
{
    struct encoding *e = ctx;
    if (e->kinds++ > 0)
        REPLY_LITERAL(e->reply, "],");
    encode_string(e->reply, kind);
    REPLY_LITERAL(e->reply, ":[");
    e->values = 0;
}

static void encode_value(void *ctx, struct span value)
{
    struct encoding *e = ctx;
    if (e->values++ > 0)
        REPLY_LITERAL(e->reply, ",");
    encode_string(e->reply, value);
}

static int encode_all(struct rpc_worker *w, const struct zone *zone)
{
    struct encoding e = {.reply = &w->reply};
    const struct metadata_sink sink = {encode_kind, encode_value, &e};
    REPLY_LITERAL(e.reply, "{");
    int rc = powerdns_all_metadata(w->snapshot, zone, &sink);
    if (e.kinds > 0)
        REPLY_LITERAL(e.reply, "]");
    REPLY_LITERAL(e.reply, "}");
    return rc;
}

static int encode_one(struct rpc_worker *w, const struct zone *zone, const char *kind,
                      struct diag *diag)
{
    struct encoding e = {.reply = &w->reply};
    const struct metadata_sink sink = {.value = encode_value, .ctx = &e};
    size_t start = e.reply->len;
    REPLY_LITERAL(e.reply, "[");
    int rc = powerdns_metadata(w->snapshot, zone, kind, &sink);
    REPLY_LITERAL(e.reply, "]");
    if (rc < 0 || e.values == 0 || e.reply->error || !powerdns_permits_transfer(kind))
        return rc < 0 ? rc : METHOD_DONE;
    rc = worker_lists_whole(w, zone, "no transfer is permitted", diag);
    if (rc != PTRD_ABSENT)
        return rc < 0 ? rc : METHOD_DONE;
    e.reply->len = start;
    REPLY_LITERAL(e.reply, "[]");
    return METHOD_NOTED;
}

static int encode(struct rpc_worker *w, const struct name *name, const char *kind,
                  struct diag *diag)
{
    const struct zone *zone = worker_zone(w, name);
    if (!zone)
        return worker_no_zone(w, name, kind ? "[]" : "{}");
    return kind ? encode_one(w, zone, kind, diag) : encode_all(w, zone);
}

/* Of one kind, or of all (kind NULL). */
static int get_metadata(struct rpc_worker *w, const struct name *name, const char *kind,
                        struct diag *diag)
{
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    rc = encode(w, name, kind, diag);
    if (rc < 0)
        diag_set(diag, rc, "metadata: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc;
}

/* getAllDomainMetadata name */
int method_get_all_metadata(struct rpc_worker *w, const struct name *name, struct diag *diag)
{
    return get_metadata(w, name, NULL, diag);
}

/* getDomainMetadata name, kind */
int method_get_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct span kind;
    struct name name;
    int rc = param_text(parameters, "kind", &kind, diag);
    if (rc == 0)
        rc = param_name(parameters, "name", &name, diag);
    return rc < 0 ? rc : get_metadata(w, &name, (const char *)kind.bytes, diag);
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
    if (rc == 0 && powerdns_permits_transfer((const char *)c.kind.bytes) &&
        json_array_size(c.values) > 0)
        rc = refuse_permission(w, &c, diag);
    return rc != METHOD_DONE ? rc : worker_edit(w, apply_change, &c, diag);
}
