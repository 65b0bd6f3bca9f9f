/* Denial of existence: which NSEC or NSEC3 record speaks of a name. */
#include "ptrd/powerdns/powerdns.h"
#include "ptrd/resolve/deny.h"

/* NSEC3 owners (RFC 5155 3.3): 160 bits in the digits of RFC 4648 7, without padding. */
#define HASH_DIGITS 32
static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

static void write_hash(const uint8_t hash[NSEC3_HASH_LEN], struct name *out)
{
    *out = (struct name){.len = HASH_DIGITS + 2, .wire[0] = HASH_DIGITS};
    uint32_t bits = 0;
    unsigned count = 0, at = 1;
    for (unsigned i = 0; i < NSEC3_HASH_LEN; i++) {
        bits = bits << 8 | hash[i];
        for (count += 8; count >= 5; count -= 5)
            out->wire[at++] = (uint8_t)digits[bits >> (count - 5) & 31];
    }
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

/* The name without the labels of its zone; the root is the apex. */
static struct name relative_to(const struct name *name, const struct zone *zone)
{
    struct name relative = *name;
    relative.len = (uint8_t)(name->len - zone->apex.len + 1);
    relative.wire[relative.len - 1] = 0;
    return relative;
}

static int deny_hash(struct snapshot *s, const struct zone *zone,
                     const uint8_t hash[NSEC3_HASH_LEN], struct answer *a, struct denial *out)
{
    uint8_t before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    int err = deny_nsec3(s, zone, hash, a, before, after, &out->unhashed);
    if (err < 0)
        return err;
    write_hash(before, &out->before);
    write_hash(after, &out->after);
    out->hashed = true;
    return 0;
}

static int deny_name(struct snapshot *s, const struct zone *zone, const struct name *relative,
                     struct answer *a, struct denial *out)
{
    struct name name, next;
    int err = name_concat(relative, &zone->apex, &name);
    if (err == 0)
        err = deny_nsec(s, zone, &name, a, &out->unhashed, &next);
    if (err < 0)
        return err;
    out->before = relative_to(&out->unhashed, zone);
    out->after = relative_to(&next, zone);
    out->hashed = false;
    return 0;
}

/* PTRD_FOUND: names of this form are hashes in the zone. */
static int has_hashes(struct snapshot *s, const struct zone *zone)
{
    struct nsec3_params params;
    int found = resolve_nsec3_params(s, zone->id, &params);
    if (found != PTRD_FOUND)
        return found;
    found = deny_minimally(s, zone);
    return found < 0 ? found : found == PTRD_ABSENT ? PTRD_FOUND : PTRD_ABSENT;
}

int powerdns_denial(struct snapshot *s, int64_t zone_id, struct span text, struct answer *a,
                    struct denial *out)
{
    struct name relative = {.len = 1};
    uint8_t hash[NSEC3_HASH_LEN];
    const struct zone *zone =
        zone_id > 0 && zone_id <= INT32_MAX ? table_zone_by_id(s->table, (uint32_t)zone_id) : NULL;
    if (!zone ||
        (text.len > 0 && name_parse((const char *)text.bytes, text.len, &relative, NULL) < 0))
        return PTRD_EINVAL;
    int hashes = read_hash(&relative, hash) ? has_hashes(s, zone) : PTRD_ABSENT;
    if (hashes < 0)
        return hashes;
    return hashes == PTRD_FOUND ? deny_hash(s, zone, hash, a, out)
                                : deny_name(s, zone, &relative, a, out);
}
