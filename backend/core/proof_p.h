/* What the parts of the proof share (private to backend/core/proof*.c and collide.c).
 *
 * A template over a range of addresses is looked at as items: literal octets and fields, each field
 * with the interval of values it takes there. On a prefix the fields that show different bits take
 * their values independently of each other, so the texts of a template over a prefix are a product
 * of intervals and exact reasoning needs no enumeration; a range is the union of its prefixes
 * ("pieces"). {ip:short} is expanded by which groups are zero.
 *
 * proof_field.c   items, intervals, masks
 * proof_label.c   lengths and hyphens
 * proof_decode.c  which fields can be read from the text (sufficient, cheap, no search)
 * proof_form.c    a template over a range as one sequence of literals and number fields
 * proof_search.c  two forms read in lockstep: exact search for a common text
 * proof_pair.c    the search over all forms and parts of two ranges
 * proof_share.c   one template, or two, over many blocks
 * proof_trie.c    candidate pairs among all blocks, from the right end of the names */
#ifndef PTRD_CORE_PROOF_P_H
#define PTRD_CORE_PROOF_P_H

#include "ptrd/core/proof.h"

#define PROOF_ITEMS_MAX 256 /* a proved name has at most 253 octets of text */
#define PROOF_DIGITS_MAX 40 /* 2^128 in decimal */

struct proof_item {
    const struct token *token; /* NULL: the literal octet c */
    char c;
    uint8_t width_min, width_max; /* digits over the range */
    u128 lo, hi;                  /* values over the range; not of {ip:short} */
};

struct proof_items {
    unsigned count;
    struct proof_item at[PROOF_ITEMS_MAX];
};

/* A template over part of a block's addresses. */
struct proof_part {
    const struct template *t;
    struct range range;
    const struct range *segments; /* NULL, or only these of the range count, in order */
    uint32_t segment_count;
};

struct proof_pair {
    u128 a, b;
};

/* --- proof_field.c --- */

/* Address bits that differ somewhere in the range: all below the highest that differs. */
u128 proof_varying(const struct range *range) PTRD_NONNULL PTRD_PURE;

/* Address bits that a field's value gives away (relative fields: all from its shift up). */
u128 proof_mask(const struct token *token, enum family family) PTRD_NONNULL PTRD_PURE;

/* Values of a number field over the range: exact where the range is a prefix or its ends agree in
 * the bits above the field, else all values. */
void proof_interval(const struct token *token, const struct range *range, u128 *lo,
                    u128 *hi) PTRD_NONNULL;

/* Digits of the value in the radix, at least 1. */
unsigned proof_width(u128 value, unsigned radix);

/* The address with the field set to value; other bits as they are. */
u128 proof_put(const struct token *token, enum family family, u128 num, u128 value) PTRD_NONNULL;

/* PTRD_ELIMIT when there are more than PROOF_ITEMS_MAX. */
PTRD_CHECKED int proof_items(const struct proof_part *part, struct proof_items *out) PTRD_NONNULL;

/* --- proof_label.c --- */

/* 0 or PTRD_ECONFLICT with the reason in diag. Lengths first: only after them items fit. */
PTRD_CHECKED int proof_lengths(const struct proof_part *part, struct diag *diag)
    PTRD_NONNULL_ARGS(1);
PTRD_CHECKED int proof_hyphens(const struct proof_part *part, const struct proof_items *items,
                               struct diag *diag) PTRD_NONNULL_ARGS(1, 2);

/* --- proof_decode.c --- */

/* True: every field's value follows from the text, for all addresses of the range. False: not by
 * this reasoning. */
bool proof_decodable(const struct proof_part *part, const struct proof_items *items) PTRD_NONNULL;

/* Two addresses of the range that agree in all bits the template shows: exact. */
bool proof_uncovered(const struct proof_part *part, struct proof_pair *out) PTRD_NONNULL;

/* --- proof_form.c --- */

struct form_field {
    uint8_t radix, width_min, width_max;
    bool padded;  /* fixed width: leading zeros allowed */
    bool tracked; /* shares varying bits with another field: its value must be remembered */
    uint8_t shift;
    u128 base, mask;
    u128 before; /* bits shown by the fields to its left */
    u128 needed; /* shared bits that this field or one to its right will show (again) */
    uint8_t lo[PROOF_DIGITS_MAX], hi[PROOF_DIGITS_MAX]; /* digits of the ends, each in its width */
};

#define FORM_FIELDS_MAX 128

struct form {
    enum family family;
    unsigned count, field_count;
    u128 fixed;                       /* the address bits that no field shows */
    bool loose;                       /* of which some vary */
    int16_t item[PROOF_ITEMS_MAX];    /* >= 0: a field; else -1 - code of the literal octet */
    u128 needed[PROOF_ITEMS_MAX + 1]; /* shared bits that fields from here on show */
    struct form_field field[FORM_FIELDS_MAX];
};

/* 0..31: digits; above: other octets. */
static inline unsigned form_code(char c)
{
    int digit = template_digit(c, 32);
    return digit >= 0 ? (unsigned)digit : 32u + (unsigned char)c;
}

/* zeros: which groups are zero (bit 0: the first group); only for templates with {ip:short}. */
PTRD_CHECKED int form_build(const struct proof_part *part, unsigned zeros,
                            struct form *out) PTRD_NONNULL;

/* Groups that can be zero, and that can be other, somewhere in the range. */
struct form_zeros {
    unsigned zero, nonzero;
};

struct form_zeros form_zeros(const struct range *range) PTRD_NONNULL;

static inline bool form_zeros_possible(struct form_zeros possible, unsigned zeros)
{
    return (zeros & ~possible.zero) == 0 && (~zeros & 0xff & ~possible.nonzero) == 0;
}

/* The text of {ip:short} has that many hyphens. */
unsigned form_zeros_hyphens(unsigned zeros);
bool form_has_short(const struct template *t) PTRD_NONNULL;

/* --- proof_search.c --- */

struct search; /* memory kept over many searches, and the budget */

#define PROOF_SEARCH_STATES 50000u      /* of one search, before it is divided: some 6 MB */
#define PROOF_BLOCK_STEPS 2000000u      /* of one block's proof, before it is given up */
#define PROOF_COLLISION_STEPS 10000000u /* of a table's */
#define PROOF_FORM_STEPS 10u            /* what building a form counts for */

struct search *search_new(uint64_t steps);
void search_free(struct search *s);
PTRD_CHECKED int search_spend(struct search *s, uint64_t steps) PTRD_NONNULL;

#define SEARCH_LARGE 2 /* not finished within PROOF_SEARCH_STATES */

/* A text that both forms have for two different addresses (of one family; of two: any text).
 * PTRD_ABSENT, PTRD_FOUND with the addresses (candidates: exact only where both forms stand for
 * prefixes), SEARCH_LARGE, PTRD_ELIMIT (all steps are spent), PTRD_ENOMEM. */
PTRD_CHECKED int search_forms(struct search *s, const struct form *a, const struct form *b,
                              struct proof_pair *out) PTRD_NONNULL;

/* --- proof_pair.c --- */

struct proof_pairing {
    struct search *search;
    struct form *form_a, *form_b; /* room */
    struct tasks *tasks;
};

PTRD_CHECKED int pairing_init(struct proof_pairing *p, uint64_t steps) PTRD_NONNULL;
void pairing_done(struct proof_pairing *p) PTRD_NONNULL;

/* Two different addresses of one text, one of a and one of b. same: a and b are one part.
 * PTRD_ABSENT, PTRD_FOUND (a true pair), or an error. */
PTRD_CHECKED int pairing_find(struct proof_pairing *p, const struct proof_part *a,
                              const struct proof_part *b, bool same,
                              struct proof_pair *out) PTRD_NONNULL;

/* As pairing_find for different parts, but in one go and for the ranges as wholes: PTRD_ABSENT is
 * certain; PTRD_FOUND means that nothing is known. */
PTRD_CHECKED int pairing_ranges(struct proof_pairing *p, const struct proof_part *a,
                                const struct proof_part *b) PTRD_NONNULL;

/* --- collide.c --- */

/* What the search for collisions works on: the blocks that generate something. */
struct collide_block {
    const struct block *block;
    uint32_t segments_at, segment_count; /* its effective set: in collide.segments */
    uint32_t from, to;                   /* the blocks of its template */
    struct range hull;                   /* from the first address of these to the last */
    uint32_t group; /* equal groups: proved free of collisions among themselves */
};

struct hulls; /* what is known of pairs of templates */

struct collide {
    const struct table *table;
    struct collide_block *blocks; /* grouped by template, then in order of address */
    uint32_t count;
    struct range *segments;
    struct proof_pairing pairing;
    struct hulls *hulls;
    struct proof_collision *out;
};

/* Exact, for two blocks: PTRD_ABSENT, PTRD_FOUND (out filled) or an error. */
PTRD_CHECKED int collide_blocks(struct collide *c, const struct collide_block *a,
                                const struct collide_block *b) PTRD_NONNULL;

/* Fills c->out. */
PTRD_CHECKED int collide_found(struct collide *c, const struct collide_block *a,
                               const struct collide_block *b,
                               const struct proof_pair *pair) PTRD_NONNULL;

/* --- proof_share.c --- */

/* Blocks c->blocks[from..to) have one template. Collisions among them, where that can be decided
 * without comparing texts: then they become one group. */
PTRD_CHECKED int share_check(struct collide *c, uint32_t from, uint32_t to) PTRD_NONNULL;

struct hulls *hulls_new(void);
void hulls_free(struct hulls *h);

/* PTRD_ABSENT: no two blocks of these two templates have a collision. PTRD_FOUND: not known. */
PTRD_CHECKED int hulls_check(struct collide *c, const struct collide_block *a,
                             const struct collide_block *b) PTRD_NONNULL;

/* True when hulls_check has found so before. */
bool hulls_absent(const struct collide *c, const struct collide_block *a,
                  const struct collide_block *b) PTRD_NONNULL;

/* --- proof_trie.c --- */

/* Calls collide_blocks for all pairs of blocks of different groups whose names may be equal. */
PTRD_CHECKED int trie_check(struct collide *c) PTRD_NONNULL;

#endif
