/* What PowerDNS asks and tells of whole zones. */
#include <jansson.h>
#include <stdlib.h>

#include "params.h"
#include "worker.h"

/* Serials make the list of all zones longer, and PowerDNS reads it in quadratic time; only its HTTP
 * API shows them. */
#define SERIALS_SHOWN_MAX 1000

/* --- one zone --- */

/* What the store holds of a zone beside its records. */
struct zone_rows {
    struct store_zone settings;
    struct store_zone_id id;
    struct store_zone_state state;
};

static int get_row(struct rpc_worker *w, enum store_table table, const struct store_buf *key,
                   struct span *value)
{
    return store_get(w->snapshot->reader, table, (struct span){key->bytes, key->len}, value);
}

/* A zone of the table without its rows: the store is not what it must be. */
static int read_settings(struct rpc_worker *w, struct store_buf *key, struct zone_rows *out)
{
    struct span value;
    int rc = get_row(w, STORE_ZONES, key, &value);
    if (rc == PTRD_FOUND)
        rc = store_read_zone(value, &out->settings);
    else if (rc == PTRD_ABSENT)
        rc = PTRD_ECORRUPT;
    if (rc < 0)
        return rc;
    rc = get_row(w, STORE_ZONE_IDS, key, &value);
    if (rc == PTRD_FOUND)
        return store_read_zone_id(value, &out->id);
    return rc == PTRD_ABSENT ? PTRD_ECORRUPT : rc;
}

static int read_state(struct rpc_worker *w, uint32_t zone_id, struct store_buf *key,
                      struct zone_rows *out)
{
    struct span value;
    int rc = store_key_zone_id(zone_id, key);
    if (rc == 0)
        rc = get_row(w, STORE_ZONE_STATE, key, &value);
    if (rc == PTRD_FOUND)
        return store_read_zone_state(value, &out->state);
    out->state = (struct store_zone_state){0};
    return rc;
}

static int read_rows(struct rpc_worker *w, const struct zone *zone, struct zone_rows *out)
{
    struct store_buf key = {0};
    int rc = store_key_name(&zone->apex, &key);
    if (rc == 0)
        rc = read_settings(w, &key, out);
    if (rc == 0 && out->settings.kind != ZONE_NATIVE)
        rc = read_state(w, zone->id, &key, out);
    else
        out->state = (struct store_zone_state){0};
    store_buf_done(&key);
    return rc;
}

static void encode_primaries(struct reply *r, const struct store_zone *zone)
{
    char text[ADDR_TEXT_SIZE];
    REPLY_LITERAL(r, ",\"masters\":[");
    for (unsigned i = 0; i < zone->primary_count; i++) {
        const struct store_primary *p = &zone->primaries[i];
        bool bracket = p->port > 0 && p->addr.family == FAMILY_IPV6;
        if (i > 0)
            REPLY_LITERAL(r, ",");
        reply_put(r, "\"[", bracket ? 2 : 1);
        reply_put(r, text, addr_print(&p->addr, text));
        if (bracket)
            REPLY_LITERAL(r, "]");
        if (p->port > 0) {
            REPLY_LITERAL(r, ":");
            reply_number(r, p->port);
        }
        REPLY_LITERAL(r, "\"");
    }
    REPLY_LITERAL(r, "]");
}

/* What is at PowerDNS's default is left out, but for a native zone's kind where it is asked of one
 * zone. */
static void encode_role(struct reply *r, const struct zone_rows *rows)
{
    if (rows->settings.kind == ZONE_PRIMARY)
        REPLY_LITERAL(r, ",\"kind\":\"master\"");
    if (rows->settings.kind == ZONE_SECONDARY) {
        REPLY_LITERAL(r, ",\"kind\":\"slave\"");
        encode_primaries(r, &rows->settings);
    }
    if (rows->state.notified_serial > 0) {
        REPLY_LITERAL(r, ",\"notified_serial\":");
        reply_number(r, rows->state.notified_serial);
    }
    if (rows->state.last_check_s > 0) {
        REPLY_LITERAL(r, ",\"last_check\":");
        reply_number(r, (uint64_t)rows->state.last_check_s);
    }
}

static void encode_zone(struct reply *r, const struct zone *zone, const struct zone_rows *rows,
                        bool serial_shown)
{
    REPLY_LITERAL(r, "{\"id\":");
    reply_number(r, zone->id);
    REPLY_LITERAL(r, ",\"zone\":");
    encode_name(r, &zone->apex);
    if (serial_shown) {
        REPLY_LITERAL(r, ",\"serial\":");
        reply_number(r, rows->id.serial);
    }
    encode_role(r, rows);
}

/* getDomainInfo name */
int method_get_domain_info(struct rpc_worker *w, const struct name *name, struct diag *diag)
{
    struct zone_rows rows;
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct zone *zone = worker_zone(w, name);
    if (!zone) {
        REPLY_LITERAL(&w->reply, "false");
    } else if ((rc = read_rows(w, zone, &rows)) == 0) {
        encode_zone(&w->reply, zone, &rows, true);
        if (rows.settings.kind == ZONE_NATIVE)
            REPLY_LITERAL(&w->reply, ",\"kind\":\"native\"");
        REPLY_LITERAL(&w->reply, "}");
    } else {
        diag_set(diag, rc, "getDomainInfo: %s", ptrd_strerror(rc));
    }
    worker_end(w);
    return rc;
}

/* --- many zones --- */

/* Does the zone belong to the list? PTRD_FOUND, PTRD_ABSENT or an error. */
typedef int zone_fn(struct rpc_worker *w, const struct zone *zone, const struct zone_rows *rows,
                    struct diag *diag);

static int encode_zones(struct rpc_worker *w, zone_fn *belongs, bool serial_shown,
                        struct diag *diag)
{
    const struct table *table = w->snapshot->table;
    struct zone_rows rows;
    unsigned count = 0;
    REPLY_LITERAL(&w->reply, "[");
    for (uint32_t i = 0; i < table->zone_count; i++) {
        const struct zone *zone = &table->zones[i];
        int rc = read_rows(w, zone, &rows);
        if (rc == 0)
            rc = belongs(w, zone, &rows, diag);
        if (rc < 0)
            return rc;
        if (rc == PTRD_ABSENT)
            continue;
        if (count++ > 0)
            REPLY_LITERAL(&w->reply, ",");
        encode_zone(&w->reply, zone, &rows, serial_shown);
        REPLY_LITERAL(&w->reply, "}");
    }
    REPLY_LITERAL(&w->reply, "]");
    return 0;
}

static int list_zones(struct rpc_worker *w, zone_fn *belongs, uint32_t serials_max,
                      struct diag *diag)
{
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    rc = encode_zones(w, belongs, w->snapshot->table->zone_count <= serials_max, diag);
    if (rc < 0)
        diag_set(diag, rc, "zones: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc == 0 && diag->message[0] ? METHOD_NOTED : rc;
}

static int any_zone(struct rpc_worker *w, const struct zone *zone, const struct zone_rows *rows,
                    struct diag *diag)
{
    (void)w, (void)zone, (void)rows, (void)diag;
    return PTRD_FOUND;
}

/* getAllDomains include_disabled */
int method_get_all_domains(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    return list_zones(w, any_zone, SERIALS_SHOWN_MAX, diag);
}

/* Whom PowerDNS notifies may transfer the zone, whatever else it says: nobody is notified of one
 * that lists incompletely. */
static int has_news(struct rpc_worker *w, const struct zone *zone, const struct zone_rows *rows,
                    struct diag *diag)
{
    if (rows->settings.kind != ZONE_PRIMARY || rows->id.serial == rows->state.notified_serial)
        return PTRD_ABSENT;
    return worker_lists_whole(w, zone, "nobody is notified", diag);
}

/* getUpdatedMasters: primary zones with a serial that secondaries were not told. */
int method_get_updated(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    return list_zones(w, has_news, UINT32_MAX, diag);
}

/* REFRESH, the fourth field of the zone's SOA in force. */
static int read_refresh(struct rpc_worker *w, const struct zone *zone, uint64_t *out)
{
    const struct question q = {zone->apex, RRTYPE_SOA, zone->id};
    int rc = resolve(w->snapshot, &q, &w->answer);
    if (rc < 0)
        return rc;
    if (w->answer.count != 1 || w->answer.rows[0].kind != ROW_TEXT)
        return PTRD_ECORRUPT;
    struct span text = w->answer.rows[0].bytes;
    unsigned fields = 0;
    uint64_t refresh_s = 0;
    for (size_t i = 0; i < text.len && fields <= 3; i++) {
        if (text.bytes[i] == ' ')
            fields++;
        else if (fields == 3)
            refresh_s = refresh_s * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    *out = refresh_s;
    return 0;
}

static int is_due(struct rpc_worker *w, const struct zone *zone, const struct zone_rows *rows,
                  struct diag *diag)
{
    (void)diag;
    uint64_t refresh_s;
    if (rows->settings.kind != ZONE_SECONDARY)
        return PTRD_ABSENT;
    int rc = read_refresh(w, zone, &refresh_s);
    if (rc < 0)
        return rc;
    return rows->state.last_check_s + (int64_t)refresh_s <= worker_now_s() ? PTRD_FOUND
                                                                           : PTRD_ABSENT;
}

/* getUnfreshSlaveInfos: secondary zones whose refresh is due. */
int method_get_unfresh(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    return list_zones(w, is_due, UINT32_MAX, diag);
}
