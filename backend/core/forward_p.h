/* Inside of the index from forward names to templates; private to forward*.c. */
#ifndef PTRD_CORE_FORWARD_P_H
#define PTRD_CORE_FORWARD_P_H

#include "forward.h"

#define FIELDS_MAX TEMPLATE_TOKENS_MAX
#define SYMBOL_FIELD 256 /* symbols from here on are kinds of fields */

/* Fields of one kind show the same bits in the same way, so that entries with equal symbols read a
 * name alike; only what is subtracted in a range that is no prefix (`based`) differs between them.
 */
struct field_kind {
    uint8_t token, radix, width_min, width_max, shift, bits, based, family;
};

struct entry {
    const struct template *template;
    uint32_t symbols; /* offset in forward_index.symbols */
    uint16_t length;
    uint32_t pieces, piece_count; /* of its blocks, for templates that do not show every bit */
    u128 first, last;             /* all its blocks lie between */
};

/* An aligned part of a block whose template shows only some bits: (length, key) finds it. */
struct piece {
    u128 key;   /* fixed bits that the template shows */
    u128 first; /* all fixed bits */
    uint32_t block;
    uint8_t len;
};

struct forward_index {
    struct field_kind *kinds;
    uint32_t kind_count;
    uint16_t *symbols;
    struct entry *entries;
    uint32_t entry_count;
    struct piece *pieces;
    uint32_t piece_count;
    uint32_t *entry_v4, *entry_v6; /* entry of each block's template, TABLE_NONE for "none" */
};

/* Fixed bits of a prefix of this length. */
static inline u128 fixed_bits(enum family family, unsigned len)
{
    return family_max(family) & ~low_bits(family_bits(family) - len);
}

/* Pieces of one entry in the order of (length, key, first). */
int piece_compare(const void *a, const void *b);

/* --- guessing (forward_guess.c) --- */

/* An address that the name shows, if it has the usual template: to be made sure of. */
bool forward_guess(const struct name *name, struct addr *out) PTRD_NONNULL;

/* --- walking (forward_walk.c) --- */

struct field_place {
    uint8_t at, len;
};

/* Bits of the address that have been read so far. */
struct bits {
    u128 mask, value;
};

/* One name being read from its right end. */
struct walk {
    const struct table *table;
    const struct forward_index *index;
    const char *text;
    bool below; /* looking for names below this one: stop where a template goes on with a dot */
    struct field_place fields[FIELDS_MAX]; /* from the right */
    unsigned field_count;
    unsigned based; /* of them, fields whose bits only the template knows */
    /* Entries low..high are read alike, to this end. Returns false to stop. */
    bool (*leaf)(struct walk *w, uint32_t low, uint32_t high, const struct bits *bits);
    void *result;
};

/* Reads text (of a name) from its right end against all entries; w's below, leaf and result are
 * set. */
void walk_start(struct walk *w, const struct table *t, const char *text, size_t len) PTRD_NONNULL;

/* All bits that one template's fields show, the based ones too; false when they contradict each
 * other. */
bool walk_read_fields(const struct walk *w, const struct template *t,
                      struct bits *bits) PTRD_NONNULL;

#endif
