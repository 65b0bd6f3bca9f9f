/* Private to resolve: an NSEC3 chain (RFC 5155 7.1), built once and then only read.
 *
 * Of each name of the chain it keeps the hash and the name itself without the labels of the apex:
 * 24 octets and the length of those labels plus one. Immutable; any number of threads read it. */
#ifndef PTRD_RESOLVE_CHAIN_H
#define PTRD_RESOLVE_CHAIN_H

#include "ptrd/rdata/key.h"
#include "ptrd/resolve/resolve.h"

#define NSEC3_OPT_OUT 1 /* of struct nsec3_params.flags (RFC 5155 3.1.2.1) */

struct chain_link {
    uint8_t hash[NSEC3_HASH_LEN];
    uint32_t name; /* where in names it stands */
};

struct chain {
    struct name apex;
    struct chain_link *links; /* in the order of their hashes */
    uint32_t count;           /* 1 at least: the apex */
    uint8_t *names;           /* each: length, labels */
    size_t names_len;
};

/* Walks the zone. In the chain are the owners of authoritative records, the owners of delegations
 * (with opt-out only those with DS), and the empty non-terminals above any of these. a is scratch.
 * chain_done frees out. PTRD_ENOMEM, PTRD_ELIMIT (more than 2^32 names or 4 GiB of them), or an
 * error of the store. */
PTRD_CHECKED int chain_build(struct snapshot *s, const struct zone *zone,
                             const struct nsec3_params *params, struct answer *a,
                             struct chain *out) PTRD_NONNULL;
void chain_done(struct chain *c) PTRD_NONNULL;

/* Octets of memory that it takes. */
size_t chain_size(const struct chain *c) PTRD_NONNULL PTRD_PURE;

/* The record that matches or covers a hash: before <= hash < after, around the end where before >=
 * after. owner has the hash before. */
void chain_find(const struct chain *c, const uint8_t hash[NSEC3_HASH_LEN],
                uint8_t before[NSEC3_HASH_LEN], uint8_t after[NSEC3_HASH_LEN],
                struct name *owner) PTRD_NONNULL;

#endif
