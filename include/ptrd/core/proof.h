/* The exact proof of templates, run when they are loaded.
 *
 * One block: the template determines every varying address bit; no label over 63, no name over 255
 * octets; no label begins or ends with '-'; no "--" in positions 3-4 (RFC 5891 4.2.3.1) unless the
 * template's own literal begins that label with xn--. All blocks of a table: no two different
 * addresses have one generated name, the effective sets (block minus the blocks inside it) being
 * what counts; an IPv4 and an IPv6 address may share one where both blocks say shared_names.
 * Neither samples nor enumerates addresses. Every refusal carries a true counterexample.
 * Pure and re-entrant; memory by malloc, freed before return. */
#ifndef PTRD_CORE_PROOF_H
#define PTRD_CORE_PROOF_H

#include "ptrd/core/table.h"

/* Proves one template for its whole block. 0, or PTRD_ECONFLICT with the counterexample in diag
 * (addresses and the text they give). PTRD_ELIMIT: the proof was given up after a stated amount of
 * work (diag says so); callers refuse the template as well. PTRD_ENOMEM. */
PTRD_CHECKED int proof_block(const struct template *t, const struct range *block, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);

struct proof_collision {
    uint32_t block_a, block_b; /* `ref` of the two struct blocks (may be equal) */
    struct addr a, b;
    struct name name;
};

/* Searches all blocks of the table, each already proved by proof_block. PTRD_ABSENT: none.
 * PTRD_FOUND: *out holds a true pair. Negative: PTRD_ELIMIT (given up: out->block_a and block_b
 * say where), PTRD_ENOMEM. */
PTRD_CHECKED int proof_collision(const struct table *table,
                                 struct proof_collision *out) PTRD_NONNULL;

#endif
