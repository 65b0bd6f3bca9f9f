#include "ptrd/resolve/deny.h"

#include "chains.h"

/* PowerDNS hashes with no more than its max-nsec3-iterations, whatever the parameters say, but for
 * zones that are signed elsewhere (PRESIGNED, dbdnsseckeeper.cc). This is its default. */
#define ITERATIONS_MAX 100

/* What the zone's chain is found by, the parameters aside: chains.h. */
static int read_change(struct snapshot *s, const struct zone *zone, struct chain_key *key)
{
    struct name_key apex;
    struct span value;
    struct store_zone settings;
    struct store_zone_id id;
    name_key(&zone->apex, &apex);
    struct span at = {.bytes = apex.bytes, .len = apex.len};
    int found = store_get(s->reader, STORE_ZONES, at, &value);
    if (found == PTRD_FOUND)
        found = store_read_zone(value, &settings);
    if (found == 0)
        found = store_get(s->reader, STORE_ZONE_IDS, at, &value);
    if (found == PTRD_FOUND)
        found = store_read_zone_id(value, &id);
    if (found < 0)
        return found;
    key->environment = store_reader_environment(s->reader);
    key->zone_id = zone->id;
    key->by_data = settings.kind == ZONE_SECONDARY;
    key->change = key->by_data ? s->meta.data : id.serial;
    return 0;
}

static int read_params(struct snapshot *s, const struct zone *zone, struct nsec3_params *p)
{
    struct span presigned;
    int found = resolve_nsec3_params(s, zone->id, p);
    if (found != PTRD_FOUND || p->iterations <= ITERATIONS_MAX)
        return found;
    found = resolve_metadata(s, zone->id, "PRESIGNED", &presigned);
    if (found == PTRD_ABSENT)
        p->iterations = ITERATIONS_MAX;
    return found < 0 ? found : PTRD_FOUND;
}

static int read_key(struct snapshot *s, const struct zone *zone, struct chain_key *key)
{
    int found = deny_minimally(s, zone);
    if (found == PTRD_ABSENT)
        found = read_params(s, zone, &key->params);
    else if (found == PTRD_FOUND)
        return PTRD_EINVAL;
    if (found < 0)
        return found;
    return found == PTRD_FOUND ? read_change(s, zone, key) : PTRD_EINVAL;
}

/* The chain record of a hash, by a key that read_key made. */
static int find(struct snapshot *s, const struct zone *zone, const struct chain_key *key,
                const uint8_t hash[NSEC3_HASH_LEN], struct answer *a,
                uint8_t before[NSEC3_HASH_LEN], uint8_t after[NSEC3_HASH_LEN], struct name *owner)
{
    struct chain own;
    struct kept_chain *kept = NULL;
    int err;
    /* Inside an open edit the zone is not what its serial says: a chain for this one question. */
    if (!s->own)
        err = chain_build(s, zone, &key->params, a, &own);
    else
        err = chains_take(engine_chains(s->engine), key, s, zone, a, &kept);
    if (err < 0)
        return err;
    chain_find(kept ? chains_chain(kept) : &own, hash, before, after, owner);
    if (kept)
        chains_let_go(kept);
    else
        chain_done(&own);
    return 0;
}

int deny_nsec3(struct snapshot *s, const struct zone *zone, const uint8_t hash[NSEC3_HASH_LEN],
               struct answer *a, uint8_t before[NSEC3_HASH_LEN], uint8_t after[NSEC3_HASH_LEN],
               struct name *owner)
{
    struct chain_key key;
    int err = read_key(s, zone, &key);
    return err < 0 ? err : find(s, zone, &key, hash, a, before, after, owner);
}

int deny_opts_out(struct snapshot *s, const struct zone *zone, const struct name *name,
                  struct answer *a)
{
    uint8_t hash[NSEC3_HASH_LEN], before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct chain_key key;
    struct name owner;
    if (!s->own || zone->has_block) /* no chain; most lookups end here */
        return PTRD_ABSENT;
    if (!zone->has_cuts && !table_zone_below(s->table, name)) /* nothing is delegated there */
        return PTRD_ABSENT;
    int err = read_key(s, zone, &key);
    if (err == PTRD_EINVAL || (err == 0 && !(key.params.flags & NSEC3_OPT_OUT)))
        return PTRD_ABSENT;
    if (err < 0)
        return err;
    rdata_nsec3_hash(&key.params, name, hash);
    err = find(s, zone, &key, hash, a, before, after, &owner);
    return err < 0 ? err : name_equal(&owner, name) ? PTRD_ABSENT : PTRD_FOUND;
}
