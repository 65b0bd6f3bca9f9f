/* Private to resolve: what is known of a zone as long as the data stay the same.
 *
 * Most zones of a template hold their apex and nothing else explicit, many no explicit PTR, and few
 * are signed. Each is found out once a zone, thread and generation of the data; lookups below such
 * an apex then need no look at the store, and leaves (leaf.h) none at keys and metadata. */
#ifndef PTRD_RESOLVE_FACTS_H
#define PTRD_RESOLVE_FACTS_H

#include "ptrd/resolve/resolve.h"

/* Which tables may hold rows below the apex of a->zone: bits, 0 for none, or an error. The facts
 * are kept in a. */
enum facts_records { FACTS_SOURCE = 1, FACTS_LOCAL = 2, FACTS_DERIVED = 4 };
PTRD_CHECKED int facts_records(struct snapshot *s, struct answer *a) PTRD_NONNULL;

/* May addresses of a->zone have explicit PTRs? PTRD_FOUND, PTRD_ABSENT or an error. */
PTRD_CHECKED int facts_ptrs(struct snapshot *s, struct answer *a) PTRD_NONNULL;

/* answer_soa of a->zone; the text of a few zones is kept. */
PTRD_CHECKED int facts_soa(struct snapshot *s, struct answer *a, struct row *row) PTRD_NONNULL;

/* The same in wire form (soa.h), and its TTL. Not inside a writer's snapshot. */
PTRD_CHECKED int facts_soa_wire(struct snapshot *s, struct answer *a, struct span *wire,
                                uint32_t *ttl_s) PTRD_NONNULL;

/* Is a->zone signed: has it an active key, or metadata PRESIGNED? The same results. */
PTRD_CHECKED int facts_signed(struct snapshot *s, struct answer *a) PTRD_NONNULL;

/* Is it unsigned, and without metadata SOA-EDIT? The same results. */
PTRD_CHECKED int facts_plain(struct snapshot *s, struct answer *a) PTRD_NONNULL;

#endif
