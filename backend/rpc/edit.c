/* Transactions of PowerDNS, which are edits of the store.
 *
 * PowerDNS's transaction ids have a resolution of a second and are shared by connections, so the
 * connection says which edit is meant. `domain_id` >= 0 means that the zone is replaced, -1 that it
 * is edited in place. Lookups inside an edit see it. A refused change ends the edit at once; what
 * follows is refused too, and so is the commit.
 *
 * What PowerDNS 4.7.3's tools make of a refusal was measured (ptrd(8), EDITS): several take no
 * notice of `false`, so an edit that does not come about is answered without a result at the
 * latest when it is to be committed. */
#include <errno.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

/* --- the edit of a connection --- */

/* What is known of an edit that is over. */
static void forget_edit(struct rpc_worker *w)
{
    w->edit.edit = NULL;
    w->edit.phase = EDIT_NONE;
    free(w->edit.deleted);
    w->edit.deleted = NULL;
    w->edit.deleted_count = w->edit.deleted_capacity = 0;
}

void worker_edit_end(struct rpc_worker *w)
{
    if (w->edit.phase == EDIT_OPEN)
        edit_abort(w->edit.edit);
    forget_edit(w);
}

static void refuse_edit(struct rpc_worker *w, const char *why)
{
    worker_edit_end(w);
    w->edit.phase = EDIT_REFUSED;
    w->edit.why = why;
}

/* What belongs to a transaction that is refused already: our log had its line. */
static int refuse_again(struct rpc_worker *w, struct diag *diag)
{
    w->edit.told = true;
    return diag_set(diag, METHOD_REFUSED, "the transaction was %s before", w->edit.why);
}

/* What an operator can mend: what was asked for, another writer, permissions, a full disk. All else
 * closes the connection, as everywhere. */
static bool is_refusal(int rc)
{
    bool is_errno = rc > PTRD_EINVAL && rc != -ENOMEM;
    return is_errno || rc == PTRD_EINVAL || rc == PTRD_ECONFLICT || rc == PTRD_ELIMIT ||
           rc == PTRD_EBUSY || rc == PTRD_ESPACE;
}

static int refuse(struct rpc_worker *w, int rc, struct diag *diag)
{
    if (!diag->message[0])
        diag_set(diag, rc, "%s", ptrd_strerror(rc));
    count_one(&w->counted, COUNT_REFUSED);
    return is_refusal(rc) ? METHOD_REFUSED : rc;
}

static int edit_of_its_own(struct rpc_worker *w, edit_fn *apply, void *ctx, struct diag *diag)
{
    struct edit *e;
    int rc = edit_begin(w->engine, RPC_EDIT_WAIT_MS, &e, diag);
    if (rc < 0)
        return rc;
    rc = apply(e, ctx, diag);
    if (rc < 0)
        edit_abort(e);
    else
        rc = edit_commit(e, worker_now_s(), diag);
    if (rc >= 0)
        count_one(&w->counted, COUNT_ACCEPTED);
    return rc;
}

int worker_edit(struct rpc_worker *w, edit_fn *apply, void *ctx, struct diag *diag)
{
    int rc;
    if (w->edit.phase == EDIT_REFUSED)
        return refuse_again(w, diag);
    if (w->edit.phase == EDIT_OPEN) {
        rc = apply(w->edit.edit, ctx, diag);
        if (rc < 0)
            refuse_edit(w, "refused");
    } else {
        rc = edit_of_its_own(w, apply, ctx, diag);
    }
    if (rc < 0)
        return refuse(w, rc, diag);
    REPLY_LITERAL(&w->reply, "true");
    return METHOD_DONE;
}

int worker_edit_require(struct rpc_worker *w, struct diag *diag)
{
    if (w->edit.phase != EDIT_NONE)
        return METHOD_DONE;
    return refuse(w, diag_set(diag, PTRD_EINVAL, "no transaction was begun"), diag);
}

int rpc_wait_ms(const struct rpc_worker *w)
{
    if (w->edit.phase != EDIT_OPEN)
        return -1;
    int64_t left = w->edit.used_ms + RPC_EDIT_IDLE_MS - worker_now_ms();
    return left > 0 ? (int)left : 0;
}

bool rpc_wait_over(struct rpc_worker *w, struct diag *diag)
{
    if (w->edit.phase != EDIT_OPEN)
        return false;
    refuse_edit(w, "given up for want of requests");
    count_one(&w->counted, COUNT_REFUSED);
    diag_set(diag, 0, "transaction given up: no request for %u ms", RPC_EDIT_IDLE_MS);
    return true;
}

/* --- startTransaction domain, domain_id, trxid --- */

static int find_zone_id(struct rpc_worker *w, const struct name *apex, struct diag *diag)
{
    char text[NAME_TEXT_SIZE];
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct zone *zone = worker_zone(w, apex);
    if (zone)
        w->edit.zone_id = zone->id;
    worker_end(w);
    name_print(apex, text);
    return zone ? 0 : diag_set(diag, PTRD_EINVAL, "%s is no zone of this store", text);
}

static int start(struct rpc_worker *w, const struct name *apex, bool replaces, struct diag *diag)
{
    int rc = edit_begin(w->engine, RPC_EDIT_WAIT_MS, &w->edit.edit, diag);
    if (rc < 0)
        return rc;
    w->edit.phase = EDIT_OPEN;
    rc = find_zone_id(w, apex, diag);
    if (rc == 0 && replaces)
        rc = edit_replace_zone(w->edit.edit, apex, diag);
    return rc < 0 ? rc : 0;
}

int method_start(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name apex;
    int64_t domain_id;
    int rc = param_name(parameters, "domain", &apex, diag);
    if (rc == 0)
        rc = param_integer(parameters, "domain_id", (struct param_range){INT32_MIN, INT32_MAX},
                           &domain_id, diag);
    if (rc < 0)
        return rc;
    worker_edit_end(w); /* one that PowerDNS has forgotten */
    rc = start(w, &apex, domain_id >= 0, diag);
    if (rc < 0) {
        refuse_edit(w, "refused");
        rc = refuse(w, rc, diag);
        return rc < 0 ? rc : METHOD_FAILED;
    }
    REPLY_LITERAL(&w->reply, "true");
    return METHOD_DONE;
}

/* --- the end of a transaction --- */

static int commit(struct rpc_worker *w, struct diag *diag)
{
    enum edit_phase phase = w->edit.phase;
    struct edit *e = w->edit.edit;
    forget_edit(w);
    if (phase == EDIT_REFUSED)
        return refuse_again(w, diag);
    int rc = phase == EDIT_OPEN ? edit_commit(e, worker_now_s(), diag)
                                : diag_set(diag, PTRD_EINVAL, "no transaction was begun");
    return rc < 0 ? refuse(w, rc, diag) : METHOD_DONE;
}

/* commitTransaction: everything but success is an error, since tools ignore a `false`. */
int method_commit(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    int rc = commit(w, diag);
    if (rc != METHOD_DONE)
        return rc < 0 ? rc : METHOD_FAILED;
    count_one(&w->counted, COUNT_ACCEPTED);
    REPLY_LITERAL(&w->reply, "true");
    return METHOD_DONE;
}

/* abortTransaction: nothing is left of it, which is also true when there was none. */
int method_abort(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters, (void)diag;
    worker_edit_end(w);
    REPLY_LITERAL(&w->reply, "true");
    return METHOD_DONE;
}
