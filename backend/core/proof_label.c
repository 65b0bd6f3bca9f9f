#include "proof_p.h"

#include <string.h>

/* Lengths and hyphens of labels.
 *
 * On a prefix every field is widest at the last address and narrowest at the first, so these two
 * decide what the widest and the narrowest labels are; {ip:short} too is longest where all free
 * bits are 1. */

struct text_of {
    char addr[ADDR_TEXT_SIZE];
};

static struct text_of addr_text(const struct proof_part *part, u128 num)
{
    struct text_of text;
    struct addr addr = {.num = num, .family = part->t->family};
    addr_print(&addr, text.addr);
    return text;
}

/* --- lengths ---------------------------------------------------------------------------------- */

/* Widest possible text, label by label. True when nothing can be too long. */
static bool surely_fits(const struct template *t)
{
    unsigned total = 0, label = 0;
    for (unsigned i = 0; i < t->token_count; i++) {
        const struct token *token = &t->tokens[i];
        if (token->kind != TOKEN_LITERAL) {
            unsigned width = token->kind == TOKEN_SHORT ? 39 : token->width_max;
            label += width;
            total += width;
        }
        for (unsigned k = 0; token->kind == TOKEN_LITERAL && k < token->text_len; k++) {
            label = token->text[k] == '.' ? 0 : label + 1;
            total++;
            if (label > LABEL_MAX)
                return false;
        }
        if (label > LABEL_MAX || total + 2 > NAME_WIRE_MAX)
            return false;
    }
    return true;
}

static int check_text(const struct proof_part *part, u128 num, struct diag *diag)
{
    char text[TEMPLATE_OUT_MAX];
    int len = template_print(part->t, num, text);
    if (len < 0 || len + 2 > NAME_WIRE_MAX)
        return diag_set(diag, PTRD_ECONFLICT,
                        "gives %s a name of more than 255 octets (RFC 1035 2.3.4)",
                        addr_text(part, num).addr);
    for (int from = 0, to; from <= len; from = to + 1) {
        for (to = from; to < len && text[to] != '.';)
            to++;
        if (to - from > LABEL_MAX)
            return diag_set(diag, PTRD_ECONFLICT,
                            "gives %s the label `%.*s` of %d octets; a label has at most 63 "
                            "(RFC 1035 2.3.4)",
                            addr_text(part, num).addr, to - from, text + from, to - from);
    }
    return 0;
}

int proof_lengths(const struct proof_part *part, struct diag *diag)
{
    if (surely_fits(part->t))
        return 0;
    struct range rest = part->range;
    struct prefix piece;
    bool done = false;
    while (range_next_piece(&rest, &done, &piece)) {
        int err = check_text(part, range_of_prefix(&piece).last, diag);
        if (err < 0)
            return err;
    }
    return 0;
}

/* --- hyphens ---------------------------------------------------------------------------------- */

/* One label of the template: items[from..to). number counts labels from 0. */
struct label {
    const struct proof_part *part;
    const struct proof_items *items;
    unsigned from, to, number;
    struct diag *diag;
};

/* The label's text for an address, within text. */
static const char *label_text(const struct label *l, u128 num, char text[TEMPLATE_OUT_MAX],
                              int *len)
{
    int end = template_print(l->part->t, num, text), from = 0, to;
    *len = 0;
    for (unsigned skip = l->number; skip; skip--) {
        while (from < end && text[from] != '.')
            from++;
        from++;
    }
    if (from >= end)
        return text;
    for (to = from; to < end && text[to] != '.';)
        to++;
    *len = to - from;
    return text + from;
}

/* Does this address have "--" in positions 3 and 4? Then that is the counterexample. */
static int try_address(const struct label *l, u128 num)
{
    char text[TEMPLATE_OUT_MAX];
    int len;
    const char *label = label_text(l, num, text, &len);
    if (len < 4 || label[2] != '-' || label[3] != '-')
        return 0;
    return diag_set(l->diag, PTRD_ECONFLICT,
                    "gives %s the label `%.*s` with `--` in positions 3 and 4, which only labels "
                    "written with xn-- may have (RFC 5891 4.2.3.1)",
                    addr_text(l->part, num).addr, len, label);
}

static int check_edges(const struct label *l)
{
    const struct proof_item *first = &l->items->at[l->from], *last = &l->items->at[l->to - 1];
    bool begins = !first->token && first->c == '-', ends = !last->token && last->c == '-';
    if (!begins && !ends)
        return 0;
    char text[TEMPLATE_OUT_MAX];
    int len;
    const char *label = label_text(l, l->part->range.first, text, &len);
    return diag_set(l->diag, PTRD_ECONFLICT, "gives %s the label `%.*s`, which %s with `-`",
                    addr_text(l->part, l->part->range.first).addr, len, label,
                    begins ? "begins" : "ends");
}

static bool written_xn(const struct label *l)
{
    static const char xn[] = "xn--";
    for (unsigned i = 0; i < 4; i++)
        if (l->from + i >= l->to || l->items->at[l->from + i].token ||
            l->items->at[l->from + i].c != xn[i])
            return false;
    return true;
}

/* "--" of literals behind items[from..at): they must be 2 octets wide together, so they hold at
 * most two fields. Two: both as narrow as they get, as at the first address. One: the least value
 * of each width. */
static int try_widths(const struct label *l, unsigned at, const struct prefix *piece)
{
    int err = try_address(l, piece->num);
    struct range range = range_of_prefix(piece);
    for (unsigned i = l->from; i < at && err == 0; i++) {
        const struct token *token = l->items->at[i].token;
        if (!token)
            continue;
        u128 lo, hi;
        proof_interval(token, &range, &lo, &hi);
        if (lo < token->radix && hi >= token->radix)
            err = try_address(l, proof_put(token, l->part->t->family, piece->num, token->radix));
    }
    return err;
}

/* {ip:short} behind `before` (NULL, or a field that can be one octet wide): groups 2..k or 1..k
 * zero, all other free bits 1, so that no other run is longer; every value of `before` and of the
 * first group that can bring "--" to position 3. */
static int try_short(const struct label *l, const struct token *before, u128 before_value,
                     const struct prefix *piece, bool narrow)
{
    struct range range = range_of_prefix(piece);
    enum family family = FAMILY_IPV6;
    u128 from = range.first >> 112, to = range.last >> 112;
    if (narrow) {
        to = to < 0xf ? to : 0xf; /* one digit */
    } else {
        from = from > 0x10 ? from : 0x10; /* two digits: any such value will do */
        to = from <= to && from <= 0xff ? from : 0;
    }
    for (unsigned k = 2; k <= 8; k++) {
        u128 zero = low_bits(112) & ~low_bits(128 - 16 * k);
        for (u128 group = from; group <= to; group++) {
            u128 num = ((range.last & ~zero) | (range.first & zero)) & low_bits(112);
            num |= group << 112;
            if (before)
                num = proof_put(before, family, num, before_value);
            if (num < range.first || num > range.last)
                continue;
            int err = try_address(l, num);
            if (err < 0)
                return err;
        }
    }
    return 0;
}

static int try_short_behind(const struct label *l, unsigned at, const struct prefix *piece)
{
    unsigned count = at - l->from;
    const struct token *before = count ? l->items->at[l->from].token : NULL;
    if (!before)
        return try_short(l, NULL, 0, piece, count == 1);
    struct range range = range_of_prefix(piece);
    u128 lo, hi;
    proof_interval(before, &range, &lo, &hi);
    for (u128 value = lo; value <= hi && value < before->radix; value++) {
        int err = try_short(l, before, value, piece, true);
        if (err < 0)
            return err;
    }
    return 0;
}

enum hazard { HAZARD_NONE, HAZARD_LITERAL, HAZARD_SHORT };

/* What of item i, behind `before` octets at least, can put "--" into positions 3 and 4. */
static enum hazard hazard_at(const struct label *l, unsigned i, unsigned before)
{
    const struct proof_item *at = &l->items->at[i];
    if (!at->token)
        return at->c == '-' && i + 1 < l->to && !at[1].token && at[1].c == '-' ? HAZARD_LITERAL
                                                                               : HAZARD_NONE;
    return at->token->kind == TOKEN_SHORT && before <= 1 ? HAZARD_SHORT : HAZARD_NONE;
}

static int check_label(const struct label *l)
{
    int err = check_edges(l);
    if (err < 0 || written_xn(l))
        return err;
    unsigned before = 0;
    for (unsigned i = l->from; i < l->to && before <= 2; i++) {
        enum hazard hazard = hazard_at(l, i, before);
        struct range rest = l->part->range;
        struct prefix piece;
        bool done = hazard == HAZARD_NONE;
        while (range_next_piece(&rest, &done, &piece)) {
            err =
                hazard == HAZARD_SHORT ? try_short_behind(l, i, &piece) : try_widths(l, i, &piece);
            if (err < 0)
                return err;
        }
        before += l->items->at[i].width_min;
    }
    return 0;
}

int proof_hyphens(const struct proof_part *part, const struct proof_items *items, struct diag *diag)
{
    struct label l = {.part = part, .items = items, .diag = diag};
    for (unsigned i = 0; i <= items->count; i++) {
        if (i < items->count && (items->at[i].token || items->at[i].c != '.'))
            continue;
        l.to = i;
        int err = check_label(&l);
        if (err < 0)
            return err;
        l.from = i + 1;
        l.number++;
    }
    return 0;
}
