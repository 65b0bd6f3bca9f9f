/* Denial of existence: which NSEC or NSEC3 record speaks of a name. */
#include "params.h"
#include "ptrd/resolve/deny.h"
#include "worker.h"

/* NSEC3 owners (RFC 5155 3.3): 160 bits in the digits of RFC 4648 7, without padding. */
#define HASH_DIGITS 32
static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

static void encode_hash(struct reply *r, const uint8_t hash[NSEC3_HASH_LEN])
{
    char text[HASH_DIGITS];
    uint32_t bits = 0;
    unsigned count = 0, at = 0;
    for (unsigned i = 0; i < NSEC3_HASH_LEN; i++) {
        bits = bits << 8 | hash[i];
        for (count += 8; count >= 5; count -= 5)
            text[at++] = digits[bits >> (count - 5) & 31];
    }
    reply_put(r, text, sizeof text);
}

/* Is the name one label of a hash's form? */
static bool read_hash(const struct name *relative, uint8_t hash[NSEC3_HASH_LEN])
{
    uint32_t bits = 0;
    unsigned count = 0, at = 0;
    if (relative->len != HASH_DIGITS + 2 || relative->wire[0] != HASH_DIGITS)
        return false;
    for (unsigned i = 1; i <= HASH_DIGITS; i++) {
        char c = (char)relative->wire[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'v'))
            return false;
        bits = bits << 5 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        count += 5;
        if (count >= 8) {
            count -= 8;
            hash[at++] = (uint8_t)(bits >> count);
        }
    }
    return true;
}

/* The name without the labels of its zone; "." is the apex. */
static void encode_relative(struct reply *r, const struct name *name, const struct zone *zone)
{
    struct name relative = *name;
    relative.len = (uint8_t)(name->len - zone->apex.len + 1);
    relative.wire[relative.len - 1] = 0;
    reply_name(r, (struct span){relative.wire, relative.len});
}

static int answer_hash(struct rpc_worker *w, const struct zone *zone,
                       const uint8_t hash[NSEC3_HASH_LEN])
{
    uint8_t before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct reply *r = &w->reply;
    struct name owner;
    int err = deny_nsec3(w->snapshot, zone, hash, &w->answer, before, after, &owner);
    if (err < 0)
        return err;
    REPLY_LITERAL(r, "{\"before\":\"");
    encode_hash(r, before);
    REPLY_LITERAL(r, "\",\"after\":\"");
    encode_hash(r, after);
    REPLY_LITERAL(r, "\",\"unhashed\":");
    encode_name(r, &owner);
    REPLY_LITERAL(r, "}");
    return 0;
}

static int answer_name(struct rpc_worker *w, const struct zone *zone, const struct name *relative)
{
    struct reply *r = &w->reply;
    struct name name, owner, next;
    int err = name_concat(relative, &zone->apex, &name);
    if (err == 0)
        err = deny_nsec(w->snapshot, zone, &name, &w->answer, &owner, &next);
    if (err < 0)
        return err;
    REPLY_LITERAL(r, "{\"before\":\"");
    encode_relative(r, &owner, zone);
    REPLY_LITERAL(r, "\",\"after\":\"");
    encode_relative(r, &next, zone);
    REPLY_LITERAL(r, "\",\"unhashed\":");
    encode_name(r, &owner);
    REPLY_LITERAL(r, "}");
    return 0;
}

/* PTRD_FOUND: names of this form are hashes in the zone. */
static int has_hashes(struct rpc_worker *w, const struct zone *zone)
{
    struct nsec3_params params;
    int found = resolve_nsec3_params(w->snapshot, zone->id, &params);
    if (found != PTRD_FOUND)
        return found;
    found = deny_minimally(w->snapshot, zone);
    return found < 0 ? found : found == PTRD_ABSENT ? PTRD_FOUND : PTRD_ABSENT;
}

static int answer(struct rpc_worker *w, const struct zone *zone, const struct name *relative)
{
    uint8_t hash[NSEC3_HASH_LEN];
    int hashes = read_hash(relative, hash) ? has_hashes(w, zone) : PTRD_ABSENT;
    if (hashes < 0)
        return hashes;
    return hashes == PTRD_FOUND ? answer_hash(w, zone, hash) : answer_name(w, zone, relative);
}

/* getBeforeAndAfterNamesAbsolute id, qname: relative to the zone, or a hash. What cannot be
 * answered gets no result: false would deny nothing and be taken for a record. */
int method_denial(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    static const struct name apex = {.len = 1};
    const struct param_range ids = {.min = INT32_MIN, .max = UINT32_MAX};
    struct name relative = apex;
    struct span text;
    int64_t id;
    int rc = param_integer(parameters, "id", ids, &id, diag);
    if (rc == 0)
        rc = param_text(parameters, "qname", &text, diag);
    if (rc == 0 && text.len > 0)
        rc = name_parse((const char *)text.bytes, text.len, &relative, diag);
    if (rc < 0)
        return METHOD_FAILED;
    rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct zone *zone =
        id > 0 && id <= INT32_MAX ? table_zone_by_id(w->snapshot->table, (uint32_t)id) : NULL;
    rc = zone ? answer(w, zone, &relative) : PTRD_EINVAL;
    worker_end(w);
    if (rc == PTRD_EINVAL || rc == PTRD_ELIMIT) {
        diag_set(diag, rc, "getBeforeAndAfterNamesAbsolute: no zone of id %lld has such a name",
                 (long long)id);
        return METHOD_FAILED;
    }
    if (rc == PTRD_EBUSY) {
        diag_set(diag, rc,
                 "getBeforeAndAfterNamesAbsolute: the zone of id %lld changes faster than "
                 "its NSEC3 chain is built",
                 (long long)id);
        return METHOD_FAILED;
    }
    return rc < 0 ? diag_set(diag, rc, "getBeforeAndAfterNamesAbsolute: %s", ptrd_strerror(rc))
                  : METHOD_DONE;
}
