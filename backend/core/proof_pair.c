#include "proof_p.h"

#include <stdlib.h>
#include <string.h>

/* All pairs of forms of two parts: over the patterns of zero groups, then over the pieces of the
 * ranges where the ranges as a whole gave a pair that is none. */

int pairing_init(struct proof_pairing *p, uint64_t steps)
{
    *p = (struct proof_pairing){.search = search_new(steps)};
    p->form_a = malloc(sizeof *p->form_a);
    p->form_b = malloc(sizeof *p->form_b);
    if (p->search && p->form_a && p->form_b)
        return 0;
    pairing_done(p);
    return PTRD_ENOMEM;
}

void pairing_done(struct proof_pairing *p)
{
    search_free(p->search);
    free(p->form_a);
    free(p->form_b);
    *p = (struct proof_pairing){0};
}

bool proof_same_text(const struct template *ta, u128 a, const struct template *tb, u128 b)
{
    char one[TEMPLATE_OUT_MAX], two[TEMPLATE_OUT_MAX];
    int len_a = template_print(ta, a, one), len_b = template_print(tb, b, two);
    return len_a >= 0 && len_a == len_b && memcmp(one, two, (size_t)len_a) == 0;
}

static bool in_range(const struct range *range, u128 num)
{
    return num >= range->first && num <= range->last;
}

/* Is the pair what was asked for? */
static bool is_true(const struct proof_pairing *p, const struct proof_part *a,
                    const struct proof_part *b, const struct proof_pair *pair)
{
    if (!in_range(&a->range, pair->a) || !in_range(&b->range, pair->b))
        return false;
    if (a->t->family == b->t->family && pair->a == pair->b)
        return false;
    if (p->accept && !p->accept(p->ctx, pair))
        return false;
    return proof_same_text(a->t, pair->a, b->t, pair->b);
}

/* Hyphens outside {ip:short}, and how many {ip:short} there are: equal texts have equally many
 * hyphens, which rules most pairs of patterns out. */
struct hyphens {
    unsigned written, shorts;
};

static struct hyphens count_hyphens(const struct template *t)
{
    struct hyphens h = {0, 0};
    for (unsigned i = 0; i < t->token_count; i++) {
        h.shorts += t->tokens[i].kind == TOKEN_SHORT;
        for (unsigned k = 0; t->tokens[i].kind == TOKEN_LITERAL && k < t->tokens[i].text_len; k++)
            h.written += t->tokens[i].text[k] == '-';
    }
    return h;
}

static unsigned hyphens_with(struct hyphens h, unsigned zeros)
{
    return h.written + (h.shorts ? h.shorts * form_zeros_hyphens(zeros) : 0);
}

/* form_a against all forms of b from pattern `from` on. */
static int against_form(struct proof_pairing *p, const struct proof_part *a,
                        const struct proof_part *b, unsigned zeros_a, unsigned hyphens_a, bool same,
                        struct proof_pair *out)
{
    struct hyphens hb = count_hyphens(b->t);
    unsigned patterns = hb.shorts ? 256 : 1;
    for (unsigned zeros = same ? zeros_a : 0; zeros < patterns; zeros++) {
        if (hyphens_with(hb, zeros) != hyphens_a ||
            (hb.shorts && !form_zeros_possible(&b->range, zeros)))
            continue;
        int err = form_build(b, zeros, p->form_b);
        if (err == 0)
            err = search_spend(p->search, PROOF_FORM_STEPS);
        if (err < 0)
            return err;
        int found = search_forms(p->search, p->form_a, p->form_b, same && zeros == zeros_a, out);
        if (found == PTRD_FOUND)
            return is_true(p, a, b, out) ? PTRD_FOUND : PROOF_UNSURE;
        if (found < 0)
            return found;
    }
    return PTRD_ABSENT;
}

int pairing_ranges(struct proof_pairing *p, const struct proof_part *a, const struct proof_part *b,
                   bool same, struct proof_pair *out)
{
    struct hyphens ha = count_hyphens(a->t);
    unsigned patterns = ha.shorts ? 256 : 1;
    for (unsigned zeros = 0; zeros < patterns; zeros++) {
        if (ha.shorts && !form_zeros_possible(&a->range, zeros))
            continue;
        int err = form_build(a, zeros, p->form_a);
        if (err < 0)
            return err;
        int found = against_form(p, a, b, zeros, hyphens_with(ha, zeros), same, out);
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
}

/* One piece of a against the pieces of b (same: from this piece on). */
static int piece_against(struct proof_pairing *p, const struct proof_part *a,
                         const struct proof_part *b, bool same, struct proof_pair *out)
{
    struct proof_part part = *b;
    struct range rest = b->range;
    struct prefix piece;
    bool done = false;
    while (range_next_piece(&rest, &done, &piece)) {
        part.range = range_of_prefix(&piece);
        bool itself = same && part.range.first == a->range.first;
        int err = search_spend(p->search, 1);
        int found = err < 0 ? err : pairing_ranges(p, a, &part, itself, out);
        if (found == PROOF_UNSURE)
            return PTRD_ELIMIT; /* pieces are exact; a false pair of pieces would be a defect */
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
}

int pairing_pieces(struct proof_pairing *p, const struct proof_part *a, const struct proof_part *b,
                   bool same, struct proof_pair *out)
{
    int found = pairing_ranges(p, a, b, same, out);
    if (found != PROOF_UNSURE)
        return found;
    struct proof_part part = *a, others = *b;
    struct range rest = a->range;
    struct prefix piece;
    bool done = false;
    while (range_next_piece(&rest, &done, &piece)) {
        part.range = range_of_prefix(&piece);
        if (same)
            others.range.first = part.range.first;
        found = piece_against(p, &part, &others, same, out);
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
}
