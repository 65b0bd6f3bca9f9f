/* What PowerDNS notes of a zone in its primary and secondary roles. */
#include <jansson.h>

#include "params.h"
#include "worker.h"

struct note {
    uint32_t zone_id;
    const uint32_t *notified_serial;
    const int64_t *last_check_s;
};

static int apply_note(struct edit *e, void *ctx, struct diag *diag)
{
    const struct note *n = ctx;
    int rc = edit_zone_state(e, n->zone_id, n->notified_serial, n->last_check_s, diag);
    return rc == PTRD_ABSENT ? diag_set(diag, PTRD_EINVAL, "no zone has the id %u", n->zone_id)
                             : rc;
}

static int read_zone_id(const json_t *parameters, struct note *n, struct diag *diag)
{
    int64_t id;
    int rc = param_integer(parameters, "id", (struct param_range){1, INT32_MAX}, &id, diag);
    n->zone_id = rc < 0 ? 0 : (uint32_t)id;
    return rc;
}

/* setNotified id, serial */
int method_set_notified(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    int64_t number;
    uint32_t serial;
    struct note n = {.notified_serial = &serial};
    int rc = read_zone_id(parameters, &n, diag);
    if (rc == 0)
        rc =
            param_integer(parameters, "serial", (struct param_range){0, UINT32_MAX}, &number, diag);
    if (rc < 0)
        return rc;
    serial = (uint32_t)number;
    return worker_edit(w, apply_note, &n, diag);
}

static int set_checked(struct rpc_worker *w, const json_t *parameters, int64_t when_s,
                       struct diag *diag)
{
    struct note n = {.last_check_s = &when_s};
    int rc = read_zone_id(parameters, &n, diag);
    return rc < 0 ? rc : worker_edit(w, apply_note, &n, diag);
}

/* setFresh id */
int method_set_fresh(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_checked(w, parameters, worker_now_s(), diag);
}

/* setStale id */
int method_set_stale(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_checked(w, parameters, 0, diag);
}

/* superMasterBackend ip, domain, nsset; createSlaveDomain ip, domain, nameserver, account: zones
 * come from the source alone. */
static int refuse_zone(const json_t *parameters, struct diag *diag)
{
    struct span domain, ip;
    int rc = param_text(parameters, "domain", &domain, diag);
    if (rc == 0)
        rc = param_text(parameters, "ip", &ip, diag);
    if (rc < 0)
        return rc;
    diag_set(diag, 0, "zone %.300s, offered by %.60s: zones are made by ptrctl load only",
             (const char *)domain.bytes, (const char *)ip.bytes);
    return METHOD_REFUSED;
}

int method_super_master(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)w;
    return refuse_zone(parameters, diag);
}

int method_create_slave(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)w;
    return refuse_zone(parameters, diag);
}
