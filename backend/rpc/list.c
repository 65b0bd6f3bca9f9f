/* list: a whole zone, for transfers and for pdnsutil; and how much of one this connection carries.
 */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

/* --- the connection --------------------------------------------------------------------------- */

void rpc_worker_stdio(struct rpc_worker *w)
{
    w->stdio = true;
    w->capacity = list_capacity_pipe(LIST_TIMEOUT_MS);
}

/* initialize: the options of PowerDNS's connection string, as strings. One that is no number is
 * PowerDNS's to complain of. */
int method_initialize(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct diag unused = {.file = NULL};
    int64_t timeout_ms = LIST_TIMEOUT_MS;
    (void)diag;
    if (param_integer(parameters, "timeout", (struct param_range){0, INT32_MAX}, &timeout_ms,
                      &unused) < 0)
        timeout_ms = LIST_TIMEOUT_MS;
    memset(w->verdicts, 0, sizeof w->verdicts);
    w->capacity = w->stdio ? list_capacity_pipe(timeout_ms) : list_capacity_unix(timeout_ms);
    REPLY_LITERAL(&w->reply, "true");
    return METHOD_DONE;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct listing {
    struct reply *reply;
    size_t start;       /* of the rows in it */
    bool probe;         /* rows are not kept */
    struct reply owner; /* the last owner's text */
    struct name last;
};

static int64_t write_row(void *ctx, const struct name *owner, const struct row *row)
{
    struct listing *l = ctx;
    if (!name_equal(owner, &l->last)) {
        l->last = *owner;
        reply_reset(&l->owner);
        reply_name(&l->owner, (struct span){owner->wire, owner->len});
    }
    if (l->probe)
        l->reply->len = l->start;
    size_t before = l->reply->len;
    if (before > l->start || l->probe)
        REPLY_LITERAL(l->reply, ",");
    struct span qname = {(const uint8_t *)l->owner.bytes, l->owner.len};
    encode_row(l->reply, qname, row, 0);
    if (l->owner.error || l->reply->error)
        return l->owner.error ? l->owner.error : l->reply->error;
    return (int64_t)(l->reply->len - before);
}

static void take_back(void *ctx, uint64_t bytes)
{
    struct listing *l = ctx;
    l->reply->len = l->probe ? l->start : l->reply->len - bytes;
}

/* The zone behind what is in the reply already. */
static int list_zone(struct rpc_worker *w, const struct name *apex, bool probe,
                     struct list_report *report)
{
    struct listing l = {.reply = &w->reply, .start = w->reply.len, .probe = probe};
    const struct list_writer writer = {write_row, take_back, &l, probe};
    int rc = resolve_list_within(w->snapshot, apex, &w->answer, &w->capacity, &writer, report);
    if (probe)
        w->reply.len = l.start;
    reply_done(&l.owner);
    return rc;
}

/* The line for our log. */
static int say_incomplete(const struct rpc_worker *w, const struct name *apex,
                          const struct list_report *report, const char *what, struct diag *diag)
{
    char zone[NAME_TEXT_SIZE], left[LIST_REPORT_SIZE];
    name_print(apex, zone);
    list_report_print(report, left);
    return diag_set(diag, METHOD_NOTED,
                    "%.200s: %s: this connection has room for about %llu records; left out: %.400s",
                    zone, what, (unsigned long long)list_capacity_room(&w->capacity), left);
}

/* list zonename, domain_id, include_disabled: the name says which zone, as there is one of a name.
 */
int method_list(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name apex;
    struct list_report report;
    int rc = param_name(parameters, "zonename", &apex, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    size_t start = w->reply.len;
    REPLY_LITERAL(&w->reply, "[");
    rc = list_zone(w, &apex, false, &report);
    REPLY_LITERAL(&w->reply, "]");
    int result = METHOD_DONE;
    if (rc == PTRD_FOUND && !report.complete)
        result = say_incomplete(w, &apex, &report, "the list is incomplete", diag);
    worker_end(w);
    if (rc == PTRD_ABSENT && !w->reply.error) {
        w->reply.len = start;
        REPLY_LITERAL(&w->reply, "false");
    }
    return rc < 0 ? diag_set(diag, rc, "list: %s", ptrd_strerror(rc)) : result;
}

/* --- does it list completely? ----------------------------------------------------------------- */

/* What is remembered holds for the data that it was found in, of a store not exchanged since. */
static struct verdict *verdict_of(struct rpc_worker *w, uint32_t zone_id)
{
    uint64_t environment = store_reader_environment(w->snapshot->reader);
    if (w->verdicts_data != w->snapshot->meta.data || w->verdicts_environment != environment) {
        memset(w->verdicts, 0, sizeof w->verdicts);
        w->verdicts_data = w->snapshot->meta.data;
        w->verdicts_environment = environment;
    }
    return &w->verdicts[zone_id % VERDICTS];
}

int worker_lists_whole(struct rpc_worker *w, const struct zone *zone, const char *what,
                       struct diag *diag)
{
    bool editing = w->snapshot != &w->own_snapshot; /* data change, their generation does not */
    struct verdict *v = verdict_of(w, zone->id);
    struct list_report report;
    if (!editing && v->zone_id == zone->id && v->whole) /* else why not is to be told */
        return PTRD_FOUND;
    int rc = list_zone(w, &zone->apex, true, &report);
    if (rc < 0)
        return rc;
    if (!editing)
        *v = (struct verdict){.zone_id = zone->id, .whole = report.complete};
    if (report.complete)
        return PTRD_FOUND;
    (void)say_incomplete(w, &zone->apex, &report, what, diag);
    return PTRD_ABSENT;
}
