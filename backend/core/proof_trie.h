/* Names of blocks as words of symbols, from the right end (private to proof_word.c, proof_trie.c).
 *
 * A symbol is an octet or a field, of which only the digits' radix and the widths are kept: a word
 * stands for all names of its block and some more. */
#ifndef PTRD_CORE_PROOF_TRIE_H
#define PTRD_CORE_PROOF_TRIE_H

#include "proof_p.h"

struct word {
    const uint16_t *symbols;
    uint16_t len;
    uint32_t block; /* of collide.blocks */
    uint32_t group;
};

struct words {
    struct word *at; /* sorted; a word before those it begins */
    uint32_t count;
    uint16_t *symbols;
};

/* One word for each of c->blocks. PTRD_ELIMIT when a block has longer names than a proved one. */
PTRD_CHECKED int words_build(const struct collide *c, struct words *out) PTRD_NONNULL;
void words_free(struct words *words) PTRD_NONNULL;

bool word_is_field(uint16_t symbol);

/* What a symbol that is no field stands for, as bits: one octet, or counts. */
uint64_t word_octets(uint16_t symbol);

/* What a field can read next, from its right end: octets (bits) and the state behind them, 0 when
 * the field is used up. state 0: nothing read yet. */
struct word_step {
    uint64_t octets;
    uint16_t next;
};

#define WORD_STEPS_MAX 4

unsigned word_field_steps(uint16_t symbol, uint16_t state,
                          struct word_step steps[WORD_STEPS_MAX]) PTRD_NONNULL;

#endif
