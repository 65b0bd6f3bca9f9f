/* The methods of the remote backend of PowerDNS 4.7.3 (and APILookup of 5.0), lookup aside.
 *
 * A result of this table is what PowerDNS takes for "none" or "refused": an empty array where it
 * iterates, false elsewhere. Errors are never results. */
#include "worker.h"

#include <jansson.h>

/* Serials make the list of all zones longer, and PowerDNS reads it in quadratic time; only its HTTP
 * API shows them. */
#define SERIALS_SHOWN_MAX 1000

/* --- parameters --- */

static int read_text(const json_t *parameters, const char *key, struct span *out, struct diag *diag)
{
    const json_t *value = json_object_get(parameters, key);
    if (!json_is_string(value))
        return diag_set(diag, PTRD_EINVAL, "parameter `%s` is not a string", key);
    *out = (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return 0;
}

static int read_name(const json_t *parameters, const char *key, struct name *out, struct diag *diag)
{
    struct span text;
    int rc = read_text(parameters, key, &text, diag);
    return rc < 0 ? rc : name_parse((const char *)text.bytes, text.len, out, diag);
}

/* The zone of ours with exactly this name, or NULL. */
static const struct zone *find_zone(const struct rpc_worker *w, const struct name *name)
{
    const struct zone *zone = table_zone_for(w->snapshot.table, name);
    return zone && name_equal(&zone->apex, name) ? zone : NULL;
}

static struct span name_span(const struct name *name)
{
    return (struct span){name->wire, name->len};
}

/* --- zones --- */

static int read_serial(struct rpc_worker *w, const struct zone *zone, uint32_t *serial)
{
    struct store_buf key = {0};
    struct store_zone_id id;
    struct span value;
    int rc = store_key_name(&zone->apex, &key);
    if (rc == 0)
        rc = store_get(w->snapshot.reader, STORE_ZONE_IDS, (struct span){key.bytes, key.len},
                       &value);
    if (rc == PTRD_FOUND)
        rc = store_read_zone_id(value, &id);
    else if (rc == PTRD_ABSENT)
        rc = PTRD_ECORRUPT; /* a zone without its id */
    store_buf_done(&key);
    if (rc == 0)
        *serial = id.serial;
    return rc;
}

static int encode_zone(struct rpc_worker *w, const struct zone *zone, bool serial_shown)
{
    struct reply *r = &w->reply;
    REPLY_LITERAL(r, "{\"id\":");
    reply_number(r, zone->id);
    REPLY_LITERAL(r, ",\"zone\":\"");
    reply_name(r, name_span(&zone->apex));
    REPLY_LITERAL(r, "\"");
    if (serial_shown) {
        uint32_t serial = 0;
        int rc = read_serial(w, zone, &serial);
        if (rc < 0)
            return rc;
        REPLY_LITERAL(r, ",\"serial\":");
        reply_number(r, serial);
    }
    return 0;
}

/* getDomainInfo name */
static int get_domain_info(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name name;
    int rc = read_name(parameters, "name", &name, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    const struct zone *zone = find_zone(w, &name);
    if (!zone) {
        REPLY_LITERAL(&w->reply, "false");
    } else if ((rc = encode_zone(w, zone, true)) == 0) {
        REPLY_LITERAL(&w->reply, ",\"kind\":\"native\"}");
    } else {
        diag_set(diag, rc, "getDomainInfo: %s", ptrd_strerror(rc));
    }
    worker_end(w);
    return rc;
}

/* getAllDomains include_disabled: kind and the rest are at PowerDNS's defaults, so left out. */
static int get_all_domains(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    (void)parameters;
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct table *table = w->snapshot.table;
    bool serial_shown = table->zone_count <= SERIALS_SHOWN_MAX;
    REPLY_LITERAL(&w->reply, "[");
    for (uint32_t i = 0; i < table->zone_count && rc == 0; i++) {
        if (i > 0)
            REPLY_LITERAL(&w->reply, ",");
        rc = encode_zone(w, &table->zones[i], serial_shown);
        REPLY_LITERAL(&w->reply, "}");
    }
    REPLY_LITERAL(&w->reply, "]");
    if (rc < 0)
        diag_set(diag, rc, "getAllDomains: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc;
}

/* --- list --- */

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
        reply_name(&l->owner, name_span(owner));
    }
    if (l->count++ > 0)
        REPLY_LITERAL(l->reply, ",");
    struct span qname = {(const uint8_t *)l->owner.bytes, l->owner.len};
    encode_row(l->reply, qname, row, 0);
    return l->owner.error ? l->owner.error : l->reply->error;
}

/* list zonename, domain_id, include_disabled: the name says which zone, as there is one of a name.
 */
static int list(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct name apex;
    int rc = read_name(parameters, "zonename", &apex, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    struct listing l = {.reply = &w->reply};
    size_t start = w->reply.len;
    REPLY_LITERAL(&w->reply, "[");
    rc = resolve_list(&w->snapshot, &apex, &w->answer, list_row, &l);
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

/* --- metadata --- */

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
        REPLY_LITERAL(r, "\"");
        reply_text(r, item);
        REPLY_LITERAL(r, "\"");
    }
    REPLY_LITERAL(r, "]");
    return rc;
}

static int encode_kinds(struct rpc_worker *w, uint32_t zone_id, const struct store_buf *first)
{
    struct reply *r = &w->reply;
    struct store_reader *reader = w->snapshot.reader;
    struct span key, value, kind;
    uint32_t id;
    unsigned count = 0;
    int rc =
        store_seek(reader, STORE_METADATA, (struct span){first->bytes, first->len}, &key, &value);
    REPLY_LITERAL(r, "{");
    while (rc == PTRD_FOUND) {
        rc = store_read_key_metadata(key, &id, &kind);
        if (rc < 0 || id != zone_id)
            break;
        if (count++ > 0)
            REPLY_LITERAL(r, ",");
        REPLY_LITERAL(r, "\"");
        reply_text(r, kind);
        REPLY_LITERAL(r, "\":");
        rc = encode_strings(r, value);
        if (rc == 0)
            rc = store_next(reader, STORE_METADATA, &key, &value);
    }
    REPLY_LITERAL(r, "}");
    return rc < 0 ? rc : 0;
}

static int encode_metadata(struct rpc_worker *w, uint32_t zone_id, const char *kind)
{
    struct store_buf key = {0};
    struct span value;
    int rc = store_key_metadata(zone_id, kind ? kind : "", &key);
    if (rc == 0 && !kind) {
        rc = encode_kinds(w, zone_id, &key);
    } else if (rc == 0) {
        rc = store_get(w->snapshot.reader, STORE_METADATA, (struct span){key.bytes, key.len},
                       &value);
        if (rc == PTRD_FOUND)
            rc = encode_strings(&w->reply, value);
        else if (rc == PTRD_ABSENT)
            REPLY_LITERAL(&w->reply, "[]");
    }
    store_buf_done(&key);
    return rc;
}

/* Of one kind, or of all (kind NULL). A name that is no zone of ours: false, so that PowerDNS asks
 * its next backend. */
static int get_metadata(struct rpc_worker *w, const json_t *parameters, const char *kind,
                        struct diag *diag)
{
    struct name name;
    int rc = read_name(parameters, "name", &name, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    const struct zone *zone = find_zone(w, &name);
    if (!zone)
        REPLY_LITERAL(&w->reply, "false");
    else if ((rc = encode_metadata(w, zone->id, kind)) < 0)
        diag_set(diag, rc, "metadata: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc;
}

static int get_all_domain_metadata(struct rpc_worker *w, const json_t *parameters,
                                   struct diag *diag)
{
    return get_metadata(w, parameters, NULL, diag);
}

static int get_domain_metadata(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct span kind;
    int rc = read_text(parameters, "kind", &kind, diag);
    return rc < 0 ? rc : get_metadata(w, parameters, (const char *)kind.bytes, diag);
}

/* --- the table --- */

static const struct method methods[] = {
    {"getAllDomainMetadata", get_all_domain_metadata, NULL},
    {"getDomainInfo", get_domain_info, NULL},
    {"getDomainMetadata", get_domain_metadata, NULL},
    {"getDomainKeys", NULL, "[]"},
    {"initialize", NULL, "true"},
    {"list", list, NULL},
    {"getAllDomains", get_all_domains, NULL},
    {"getUpdatedMasters", NULL, "[]"},
    {"getUnfreshSlaveInfos", NULL, "[]"},
    {"getTSIGKeys", NULL, "[]"},
    /* not kept, not edited, not searched here: PowerDNS is told so */
    {"getBeforeAndAfterNamesAbsolute", NULL, "false"},
    {"getTSIGKey", NULL, "false"},
    {"setTSIGKey", NULL, "false"},
    {"deleteTSIGKey", NULL, "false"},
    {"setDomainMetadata", NULL, "false"},
    {"addDomainKey", NULL, "false"},
    {"removeDomainKey", NULL, "false"},
    {"activateDomainKey", NULL, "false"},
    {"deactivateDomainKey", NULL, "false"},
    {"publishDomainKey", NULL, "false"},
    {"unpublishDomainKey", NULL, "false"},
    {"setNotified", NULL, "false"},
    {"setFresh", NULL, "false"},
    {"setStale", NULL, "false"},
    {"superMasterBackend", NULL, "false"},
    {"createSlaveDomain", NULL, "false"},
    {"startTransaction", NULL, "false"},
    {"commitTransaction", NULL, "false"},
    {"abortTransaction", NULL, "false"},
    {"feedRecord", NULL, "false"},
    {"feedEnts", NULL, "false"},
    {"feedEnts3", NULL, "false"},
    {"replaceRRSet", NULL, "false"},
    {"directBackendCmd", NULL, "false"},
    {"searchRecords", NULL, "false"},
};

static const struct method unknown = {"", NULL, "false"};

const struct method *method_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strlen(methods[i].name) == len && memcmp(methods[i].name, name, len) == 0)
            return &methods[i];
    }
    return &unknown;
}
