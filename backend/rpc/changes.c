/* Changes of records inside a transaction. */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

#define TTL_MAX 2147483647 /* RFC 2181 8 */

/* --- records in --- */

static int read_type(struct span text, uint16_t *out, struct diag *diag)
{
    if (rrtype_parse((const char *)text.bytes, text.len, out) == 0)
        return 0;
    return diag_set(diag, PTRD_EINVAL, "`%s` is no record type", (const char *)text.bytes);
}

/* One rr of a request: qname, qtype, qclass, ttl, content. auth and ordername are ours to know. */
static int read_record(const json_t *rr, struct edit_record *out, struct diag *diag)
{
    struct span type, content;
    int64_t ttl, qclass = 1;
    int rc = param_name(rr, "qname", &out->owner, diag);
    if (rc == 0)
        rc = param_text(rr, "qtype", &type, diag);
    if (rc == 0)
        rc = param_text(rr, "content", &content, diag);
    if (rc == 0)
        rc = param_integer(rr, "ttl", (struct param_range){0, TTL_MAX}, &ttl, diag);
    if (rc == 0 && json_object_get(rr, "qclass"))
        rc = param_integer(rr, "qclass", (struct param_range){1, 1}, &qclass, diag);
    if (rc < 0)
        return rc;
    rc = read_type(type, &out->type, diag);
    out->ttl_s = (uint32_t)ttl;
    out->content = (const char *)content.bytes;
    out->content_len = content.len;
    return rc;
}

struct feed {
    const json_t *rr;
    int64_t zone_id;
};

static int apply_feed(struct edit *e, void *ctx, struct diag *diag)
{
    const struct feed *f = ctx;
    struct edit_record record;
    int rc = read_record(f->rr, &record, diag);
    return rc < 0 ? rc : edit_add(e, f->zone_id, &record, diag);
}

/* feedRecord rr, trxid */
int method_feed_record(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct feed f = {json_object_get(parameters, "rr"), w->edit.zone_id};
    int rc = worker_edit_require(w, diag);
    return rc == METHOD_DONE ? worker_edit(w, apply_feed, &f, diag) : rc;
}

static int apply_nothing(struct edit *e, void *ctx, struct diag *diag)
{
    (void)e, (void)ctx, (void)diag;
    return 0;
}

/* feedEnts, feedEnts3: which names are empty non-terminals is computed when it is asked for. */
int method_feed_ents(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    int rc = worker_edit_require(w, diag);
    return rc == METHOD_DONE ? worker_edit(w, apply_nothing, NULL, diag) : rc;
}

struct replacement {
    struct name owner;
    struct span type_text;
    uint16_t type;
    int64_t zone_id;
    const json_t *rrset;
};

static int read_records(const struct replacement *r, struct edit_record *records, struct diag *diag)
{
    size_t i;
    const json_t *rr;
    int rc = 0;
    json_array_foreach(r->rrset, i, rr)
    {
        rc = read_record(rr, &records[i], diag);
        if (rc == 0 && (records[i].type != r->type || !name_equal(&records[i].owner, &r->owner)))
            rc = diag_set(diag, PTRD_EINVAL, "a record of the set has another name or type");
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int apply_replacement(struct edit *e, void *ctx, struct diag *diag)
{
    struct replacement *r = ctx;
    size_t count = json_array_size(r->rrset);
    struct edit_record *records = count > 0 ? calloc(count, sizeof *records) : NULL;
    if (count > 0 && !records)
        return PTRD_ENOMEM;
    int rc = read_type(r->type_text, &r->type, diag);
    if (rc == 0)
        rc = read_records(r, records, diag);
    if (rc == 0)
        rc = edit_replace(e, r->zone_id, &r->owner, r->type, records, count, diag);
    free(records);
    return rc;
}

/* --- deleting what is generated ---
 *
 * PowerDNS looks a name up before it adds to it, in the same transaction too: a CNAME, or another
 * PTR, could not be put in the place of a generated one that goes on being shown. */

static int note_deleted(struct rpc_worker *w, const struct replacement *r)
{
    struct transaction *t = &w->edit;
    if (json_array_size(r->rrset) > 0)
        return 0;
    if (t->deleted_count == t->deleted_capacity) {
        size_t capacity = t->deleted_capacity ? 2 * t->deleted_capacity : 8;
        struct deleted *bigger = realloc(t->deleted, capacity * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        t->deleted = bigger;
        t->deleted_capacity = capacity;
    }
    t->deleted[t->deleted_count++] = (struct deleted){r->owner, r->type};
    return 0;
}

static bool is_deleted(const struct transaction *t, const struct name *owner, const struct row *row)
{
    if (row->source != ANSWER_GENERATED && row->source != ANSWER_DERIVED)
        return false;
    for (size_t i = 0; i < t->deleted_count; i++) {
        const struct deleted *d = &t->deleted[i];
        if ((d->type == RRTYPE_ANY || d->type == row->type) && name_equal(&d->owner, owner))
            return true;
    }
    return false;
}

void worker_edit_hide(struct rpc_worker *w, const struct question *q)
{
    struct answer *a = &w->answer;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!is_deleted(&w->edit, &q->name, &a->rows[i]))
            a->rows[kept++] = a->rows[i];
    }
    a->count = kept;
}

/* replaceRRSet domain_id, qname, qtype, rrset, trxid: qtype ANY with an empty set deletes all. */
int method_replace(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct replacement r = {.rrset = json_object_get(parameters, "rrset")};
    int rc = param_name(parameters, "qname", &r.owner, diag);
    if (rc == 0)
        rc = param_text(parameters, "qtype", &r.type_text, diag);
    if (rc == 0)
        rc = param_integer(parameters, "domain_id", (struct param_range){INT32_MIN, INT32_MAX},
                           &r.zone_id, diag);
    if (rc == 0 && !json_is_array(r.rrset))
        rc = diag_set(diag, PTRD_EINVAL, "parameter `rrset` is not an array");
    if (rc < 0 || (rc = worker_edit_require(w, diag)) != METHOD_DONE)
        return rc;
    if (r.zone_id <= 0)
        r.zone_id = w->edit.zone_id;
    rc = worker_edit(w, apply_replacement, &r, diag);
    if (rc == METHOD_DONE && note_deleted(w, &r) < 0)
        rc = diag_set(diag, PTRD_ENOMEM, "replaceRRSet: no memory");
    return rc;
}
