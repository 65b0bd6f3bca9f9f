/* What PowerDNS asks of a backend, whatever carries the question: rpc puts the answers into JSON,
 * libptrd hands them over in memory.
 *
 * All between snapshot_begin and snapshot_end; a is scratch, whatever it held. Spans that sinks are
 * given live until the sink returns. */
#ifndef PTRD_POWERDNS_POWERDNS_H
#define PTRD_POWERDNS_POWERDNS_H

#include "ptrd/resolve/leaf.h"

/* leaf_resolve, and an empty non-terminal that an opt-out chain leaves out is not authoritative.
 * Type 0, one that nobody knows, has no rows. */
PTRD_CHECKED int powerdns_lookup(struct snapshot *s, enum leaf_mode leaf, const struct question *q,
                                 struct answer *a) PTRD_NONNULL;

/* The zone of ours with exactly this name, or NULL. */
const struct zone *powerdns_zone(const struct snapshot *s, const struct name *name) PTRD_NONNULL;

/* Metadata in force, local in front of the source's by kind. A zone that is denied minimally and
 * has NSEC3PARAM is one of NSEC3 narrow, whatever was set: NSEC3NARROW is "1" there. */
struct metadata_sink {
    void (*kind)(void *ctx, struct span kind); /* begins a kind; powerdns_metadata does not */
    void (*value)(void *ctx, struct span value);
    void *ctx;
};
/* The values of one kind. PTRD_FOUND: there is one, perhaps without values; PTRD_ABSENT; an error.
 */
PTRD_CHECKED int powerdns_metadata(struct snapshot *s, const struct zone *zone, const char *kind,
                                   const struct metadata_sink *sink) PTRD_NONNULL;
/* All kinds, in no order that counts. Returns 0 or an error. */
PTRD_CHECKED int powerdns_all_metadata(struct snapshot *s, const struct zone *zone,
                                       const struct metadata_sink *sink) PTRD_NONNULL;
/* Does the kind let others transfer the zone? Of a zone that lists incompletely nobody may have
 * what would look like all of it. */
bool powerdns_permits_transfer(const char *kind) PTRD_NONNULL;

/* The zone's keys by number. Returns 0 or an error. */
typedef void powerdns_key_fn(void *ctx, uint32_t id, const struct store_key *key);
PTRD_CHECKED int powerdns_keys(struct snapshot *s, const struct zone *zone, powerdns_key_fn *take,
                               void *ctx) PTRD_NONNULL_ARGS(1, 2, 3);

/* Which NSEC or NSEC3 record speaks of a name (deny.h): getBeforeAndAfterNamesAbsolute. text is the
 * name relative to the zone ("" or ".": the apex), or a hash in the digits of RFC 4648 7 where the
 * zone has an NSEC3 chain. PTRD_EINVAL, PTRD_ELIMIT: no zone of this id has such a name. */
struct denial {
    struct name before, after; /* relative to the zone, or one label: a hash */
    struct name unhashed;      /* the owner of `before` */
    bool hashed;
};
PTRD_CHECKED int powerdns_denial(struct snapshot *s, int64_t zone_id, struct span text,
                                 struct answer *a, struct denial *out) PTRD_NONNULL;

#endif
