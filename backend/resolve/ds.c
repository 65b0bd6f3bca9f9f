/* DS of a zone of ours below a zone of ours, from the child's keys.
 *
 * Which of the keys a DS leads to is PowerDNS's choice of entry points: of an algorithm that has
 * active keys with the SEP bit and without it, those with it sign the key set alone; of any other
 * each active key does. */
#include "answer.h"
#include "ptrd/resolve/metadata.h"

#include <string.h>

#define FLAG_SEP 1 /* RFC 4034 2.1.1 */

/* By algorithm: what its active keys have. */
enum sep { SEP_WITH = 1, SEP_WITHOUT = 2 };
struct keys {
    struct store_reader *reader;
    uint32_t zone_id;
    uint8_t sep[256];
};

static int read_key(const struct keys *k, int found, struct span key, struct span value,
                    struct store_key *out)
{
    uint32_t zone_id, key_id;
    if (found != PTRD_FOUND)
        return found;
    int err = store_read_key_key(key, &zone_id, &key_id);
    if (err == 0 && zone_id != k->zone_id)
        return PTRD_ABSENT;
    if (err == 0)
        err = store_read_key(value, out);
    return err < 0 ? err : PTRD_FOUND;
}

static int first_key(const struct keys *k, struct store_key *out)
{
    const uint8_t from[4] = {(uint8_t)(k->zone_id >> 24), (uint8_t)(k->zone_id >> 16),
                             (uint8_t)(k->zone_id >> 8), (uint8_t)k->zone_id};
    struct span key, value;
    int found = store_seek(k->reader, STORE_KEYS, (struct span){from, sizeof from}, &key, &value);
    return read_key(k, found, key, value, out);
}

static int next_key(const struct keys *k, struct store_key *out)
{
    struct span key, value;
    int found = store_next(k->reader, STORE_KEYS, &key, &value);
    return read_key(k, found, key, value, out);
}

static bool is_entry(const struct keys *k, const struct store_key *key)
{
    bool sep = key->flags & FLAG_SEP;
    bool separate = k->sep[key->algorithm] == (SEP_WITH | SEP_WITHOUT);
    return key->active && key->published && key->ds.len && (sep || !separate);
}

/* The same key may have been imported twice. */
static bool has_ds(const struct answer *a, struct span ds)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct row *r = &a->rows[i];
        if (r->type == RRTYPE_DS && r->bytes.len == ds.len &&
            memcmp(r->bytes.bytes, ds.bytes, ds.len) == 0)
            return true;
    }
    return false;
}

static int add_entries(const struct keys *k, uint32_t ttl_s, struct answer *a)
{
    struct store_key key;
    int found = first_key(k, &key);
    for (; found == PTRD_FOUND; found = next_key(k, &key)) {
        if (!is_entry(k, &key) || has_ds(a, key.ds))
            continue;
        int err = answer_add(a, &(struct row){.kind = ROW_TEXT,
                                              .source = ANSWER_DELEGATED,
                                              .type = RRTYPE_DS,
                                              .auth = true,
                                              .ttl_s = ttl_s,
                                              .bytes = key.ds});
        if (err < 0)
            return err;
    }
    return found;
}

/* PTRD_FOUND: the one value is "0", the CDS or CDNSKEY that asks for the DS to go (RFC 8078 4). */
static int asks_to_go(struct snapshot *s, uint32_t zone_id, const char *kind)
{
    struct span value, item, rest;
    size_t at = 0;
    int found = resolve_metadata(s, zone_id, kind, &value);
    if (found == PTRD_FOUND)
        found = store_next_string(value, &at, &item);
    if (found != PTRD_FOUND || item.len != 1 || item.bytes[0] != '0')
        return found < 0 ? found : PTRD_ABSENT;
    found = store_next_string(value, &at, &rest);
    return found < 0 ? found : found == PTRD_ABSENT ? PTRD_FOUND : PTRD_ABSENT;
}

int resolve_key_ds(struct snapshot *s, const struct zone *zone, uint32_t ttl_s, struct answer *a)
{
    struct keys k = {.reader = s->reader, .zone_id = zone->id};
    struct store_key key;
    int found = first_key(&k, &key);
    if (found != PTRD_FOUND)
        return found;
    for (; found == PTRD_FOUND; found = next_key(&k, &key))
        if (key.active)
            k.sep[key.algorithm] |= key.flags & FLAG_SEP ? SEP_WITH : SEP_WITHOUT;
    if (found == PTRD_ABSENT)
        found = asks_to_go(s, zone->id, "PUBLISH-CDNSKEY");
    if (found == PTRD_ABSENT)
        found = asks_to_go(s, zone->id, "PUBLISH-CDS");
    if (found == PTRD_ABSENT)
        found = add_entries(&k, ttl_s, a);
    return found < 0 ? found : PTRD_FOUND;
}
