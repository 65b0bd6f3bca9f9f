/* Denial of existence: which NSEC or NSEC3 record speaks of a name. */
#include "params.h"
#include "worker.h"

/* A hash has no dot at its end. */
static void encode_relative(struct reply *r, const struct name *name, bool hashed)
{
    reply_name(r, (struct span){name->wire, name->len});
    if (hashed && !r->error)
        r->len--;
}

static void encode(struct reply *r, const struct denial *d)
{
    REPLY_LITERAL(r, "{\"before\":\"");
    encode_relative(r, &d->before, d->hashed);
    REPLY_LITERAL(r, "\",\"after\":\"");
    encode_relative(r, &d->after, d->hashed);
    REPLY_LITERAL(r, "\",\"unhashed\":");
    encode_name(r, &d->unhashed);
    REPLY_LITERAL(r, "}");
}

/* METHOD_FAILED for what the question or the zone causes; all else closes the connection. */
static int refuse(int rc, int64_t id, struct diag *diag)
{
    static const char method[] = "getBeforeAndAfterNamesAbsolute";
    if (rc == PTRD_EINVAL || rc == PTRD_ELIMIT)
        diag_set(diag, rc, "%s: no zone of id %lld has such a name", method, (long long)id);
    else if (rc == PTRD_EBUSY)
        diag_set(diag, rc, "%s: the zone of id %lld changes faster than its NSEC3 chain is built",
                 method, (long long)id);
    else
        return diag_set(diag, rc, "%s: %s", method, ptrd_strerror(rc));
    return METHOD_FAILED;
}

/* getBeforeAndAfterNamesAbsolute id, qname: relative to the zone, or a hash. What cannot be
 * answered gets no result: false would deny nothing and be taken for a record. */
int method_denial(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    const struct param_range ids = {.min = INT32_MIN, .max = UINT32_MAX};
    struct denial denial;
    struct span text;
    int64_t id;
    int rc = param_integer(parameters, "id", ids, &id, diag);
    if (rc == 0)
        rc = param_text(parameters, "qname", &text, diag);
    if (rc < 0)
        return METHOD_FAILED;
    rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    rc = powerdns_denial(w->snapshot, id, text, &w->answer, &denial);
    if (rc == 0)
        encode(&w->reply, &denial);
    worker_end(w);
    return rc < 0 ? refuse(rc, id, diag) : METHOD_DONE;
}
