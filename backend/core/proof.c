#include "proof_p.h"

#include <stdlib.h>
#include <string.h>

/* One block, from the cheap to the costly: lengths, hyphens, bits that nothing shows, then whether
 * the fields can be told apart in the text: by reasoning, else by exact search. */

static int refuse_pair(const struct proof_part *part, const struct proof_pair *pair,
                       const char *reason, struct diag *diag)
{
    char text[TEMPLATE_OUT_MAX], a[ADDR_TEXT_SIZE], b[ADDR_TEXT_SIZE];
    struct addr addr = {.num = pair->a, .family = part->t->family};
    addr_print(&addr, a);
    addr.num = pair->b;
    addr_print(&addr, b);
    int len = template_print(part->t, pair->a, text);
    return diag_set(diag, PTRD_ECONFLICT, "gives `%.*s` for both %s and %s: %s", len < 0 ? 0 : len,
                    text, a, b, reason);
}

static int given_up(struct diag *diag)
{
    return diag_set(diag, PTRD_ELIMIT,
                    "was neither proved nor refuted within %u steps: separate its fields, or use "
                    "such of fixed width",
                    PROOF_BLOCK_STEPS);
}

static int search_block(const struct proof_part *part, struct diag *diag)
{
    struct proof_pairing pairing;
    struct proof_pair pair;
    int err = pairing_init(&pairing, PROOF_BLOCK_STEPS);
    if (err < 0)
        return diag_set(diag, err, "out of memory");
    int found = pairing_find(&pairing, part, part, true, &pair);
    pairing_done(&pairing);
    if (found == PTRD_FOUND)
        return refuse_pair(part, &pair,
                           part->t->family == FAMILY_IPV4
                               ? "separate its fields, or use such of fixed width ({4:03})"
                               : "separate its fields, or use such of fixed width ({g8})",
                           diag);
    if (found == PTRD_ELIMIT)
        return given_up(diag);
    return found < 0 ? diag_set(diag, found, "out of memory") : 0;
}

int proof_block(const struct template *t, const struct range *block, struct diag *diag)
{
    struct proof_part part = {.t = t, .range = *block};
    struct proof_items items;
    struct proof_pair pair;
    int err = proof_lengths(&part, diag);
    if (err < 0)
        return err;
    if (proof_items(&part, &items) < 0)
        return given_up(diag);
    err = proof_hyphens(&part, &items, diag);
    if (err < 0)
        return err;
    if (proof_uncovered(&part, &pair))
        return refuse_pair(&part, &pair,
                           "it does not show all bits in which the block's addresses differ", diag);
    return proof_decodable(&part, &items) ? 0 : search_block(&part, diag);
}
