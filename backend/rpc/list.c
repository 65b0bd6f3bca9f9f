/* list: a whole zone, for transfers and for pdnsutil. */
#include <jansson.h>

#include "params.h"
#include "worker.h"

struct listing {
    struct reply *reply;
    uint64_t count;
    struct reply owner; /* the last owner's text */
    struct name last;
};

static int list_row(void *ctx, const struct name *owner, const struct row *row)
{
    struct listing *l = ctx;
    if (l->count == 0 || !name_equal(owner, &l->last)) {
        l->last = *owner;
        reply_reset(&l->owner);
        reply_name(&l->owner, (struct span){owner->wire, owner->len});
    }
    if (l->count++ > 0)
        REPLY_LITERAL(l->reply, ",");
    struct span qname = {(const uint8_t *)l->owner.bytes, l->owner.len};
    encode_row(l->reply, qname, row, 0);
    return l->owner.error ? l->owner.error : l->reply->error;
}

/* list zonename, domain_id, include_disabled: the name says which zone, as there is one of a name.
 */
int method_list(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name apex;
    int rc = param_name(parameters, "zonename", &apex, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    struct listing l = {.reply = &w->reply};
    size_t start = w->reply.len;
    REPLY_LITERAL(&w->reply, "[");
    rc = resolve_list(w->snapshot, &apex, &w->answer, list_row, &l);
    REPLY_LITERAL(&w->reply, "]");
    worker_end(w);
    reply_done(&l.owner);
    if (rc < 0)
        return diag_set(diag, rc, "list: %s", ptrd_strerror(rc));
    if (rc == PTRD_ABSENT && !w->reply.error) {
        w->reply.len = start;
        REPLY_LITERAL(&w->reply, "false");
    }
    return 0;
}
