#include "proof_trie.h"

#include <stdlib.h>
#include <string.h>

/* Which pairs of blocks can have a name in common, without comparing all pairs.
 *
 * Each block's names become a word of symbols from the right end: octets, and fields known only by
 * their digits and widths (proof_word.c). The sorted words are an implicit trie: a node is a run of
 * words with equal first symbols. Two cursors walk it, reading the same octets; a pair of runs that
 * no octet continues is given up with all blocks in it. So is one whose blocks are all of one
 * group. What arrives at the end of two words goes to the exact comparison. Nothing is missed: a
 * word stands for all of the block's names, and some more. */

struct cursor {
    uint32_t lo, hi; /* words */
    uint16_t depth;  /* symbols read */
    uint16_t state;  /* within the field at depth; 0: before it */
};

struct move {
    uint64_t octets;
    struct cursor next;
    bool merges; /* the same cursor can be reached in several ways */
};

struct moves {
    struct move *at;
    uint32_t count, capacity;
};

struct cursors {
    struct cursor a, b;
};

struct walk {
    struct collide *c;
    struct words words;
    uint32_t *same_until; /* first word behind i of another group */
    struct moves a, b;
    struct cursors *stack;
    size_t depth, stack_capacity;
    struct cursors *seen; /* open addressing; hi == 0: free */
    size_t seen_count, seen_capacity;
};

#define OCTET_END ((uint64_t)1 << 63)

/* --- memory ----------------------------------------------------------------------------------- */

static int add_move(struct moves *m, uint64_t octets, struct cursor next, bool merges)
{
    if (m->count == m->capacity) {
        uint32_t wanted = m->capacity ? m->capacity * 2 : 64;
        struct move *bigger = realloc(m->at, wanted * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        m->at = bigger;
        m->capacity = wanted;
    }
    m->at[m->count++] = (struct move){.octets = octets, .next = next, .merges = merges};
    return 0;
}

static bool cursor_equal(const struct cursor *x, const struct cursor *y)
{
    return x->lo == y->lo && x->hi == y->hi && x->depth == y->depth && x->state == y->state;
}

static uint64_t hash_cursor(uint64_t hash, const struct cursor *x)
{
    hash = (hash ^ ((uint64_t)x->lo << 32 | x->hi)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
    hash = (hash ^ ((uint64_t)x->depth << 16 | x->state)) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 31;
}

static size_t seen_slot(const struct walk *w, const struct cursors *pair)
{
    size_t mask = w->seen_capacity - 1;
    size_t at = hash_cursor(hash_cursor(1, &pair->a), &pair->b) & mask;
    while (w->seen[at].a.hi &&
           !(cursor_equal(&w->seen[at].a, &pair->a) && cursor_equal(&w->seen[at].b, &pair->b)))
        at = (at + 1) & mask;
    return at;
}

static int grow_seen(struct walk *w)
{
    struct cursors *old = w->seen;
    size_t old_capacity = w->seen_capacity, wanted = old_capacity ? old_capacity * 2 : 1024;
    struct cursors *bigger = calloc(wanted, sizeof *bigger);
    if (!bigger)
        return PTRD_ENOMEM;
    w->seen = bigger;
    w->seen_capacity = wanted;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].a.hi)
            w->seen[seen_slot(w, &old[i])] = old[i];
    free(old);
    return 0;
}

/* PTRD_FOUND: was there; PTRD_ABSENT: added. */
static int remember(struct walk *w, const struct cursors *pair)
{
    if ((w->seen_count + 1) * 2 > w->seen_capacity) {
        int err = grow_seen(w);
        if (err < 0)
            return err;
    }
    size_t at = seen_slot(w, pair);
    if (w->seen[at].a.hi)
        return PTRD_FOUND;
    w->seen[at] = *pair;
    w->seen_count++;
    return PTRD_ABSENT;
}

/* Each run is of one group, and these have no collisions: they are one group, or their templates
 * are known to have no text in common. */
static bool is_settled(const struct walk *w, const struct cursors *pair)
{
    const struct word *words = w->words.at, *a = &words[pair->a.lo], *b = &words[pair->b.lo];
    if (w->same_until[pair->a.lo] < pair->a.hi || w->same_until[pair->b.lo] < pair->b.hi)
        return false;
    return a->group == b->group ||
           hulls_absent(w->c, &w->c->blocks[a->block], &w->c->blocks[b->block]);
}

static int push(struct walk *w, const struct cursors *pair, bool merges)
{
    if (is_settled(w, pair))
        return 0;
    int seen = merges ? remember(w, pair) : PTRD_ABSENT;
    if (seen != PTRD_ABSENT)
        return seen < 0 ? seen : 0;
    if (w->depth == w->stack_capacity) {
        size_t wanted = w->stack_capacity ? w->stack_capacity * 2 : 256;
        struct cursors *bigger = realloc(w->stack, wanted * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        w->stack = bigger;
        w->stack_capacity = wanted;
    }
    w->stack[w->depth++] = *pair;
    return 0;
}

/* --- moving ----------------------------------------------------------------------------------- */

/* First word of at->lo + 1 .. at->hi whose symbol at the cursor's depth is another one. */
static uint32_t run_end(const struct walk *w, uint32_t lo, uint32_t hi, uint16_t depth)
{
    uint16_t symbol = w->words.at[lo].symbols[depth];
    if (w->words.at[hi - 1].symbols[depth] == symbol)
        return hi;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (w->words.at[mid].symbols[depth] == symbol)
            lo = mid;
        else
            hi = mid;
    }
    return hi;
}

/* The moves of a cursor that stands before or in a field: one octet of it. */
static int field_moves(struct moves *m, uint16_t symbol, struct cursor at)
{
    struct word_step steps[WORD_STEPS_MAX];
    unsigned count = word_field_steps(symbol, at.state, steps);
    for (unsigned i = 0; i < count; i++) {
        struct cursor next = at;
        next.state = steps[i].next;
        if (steps[i].next == 0)
            next.depth++;
        int err = add_move(m, steps[i].octets, next, count > 1);
        if (err < 0)
            return err;
    }
    return 0;
}

static int find_moves(const struct walk *w, struct cursor at, struct moves *m)
{
    const struct word *words = w->words.at;
    m->count = 0;
    if (at.state)
        return field_moves(m, words[at.lo].symbols[at.depth], at);

    uint32_t lo = at.lo;
    while (lo < at.hi && words[lo].len == at.depth) /* shorter words come first */
        lo++;
    int err = 0;
    if (lo > at.lo)
        err = add_move(m, OCTET_END, (struct cursor){at.lo, lo, at.depth, 0}, false);
    while (lo < at.hi && err == 0) {
        uint32_t end = run_end(w, lo, at.hi, at.depth);
        uint16_t symbol = words[lo].symbols[at.depth];
        struct cursor run = {.lo = lo, .hi = end, .depth = at.depth};
        if (word_is_field(symbol)) {
            err = field_moves(m, symbol, run);
        } else {
            run.depth++;
            err = add_move(m, word_octets(symbol), run, false);
        }
        lo = end;
    }
    return err;
}

/* The steps are used up at these two words. */
static int give_up(struct walk *w, uint32_t i, uint32_t k)
{
    w->c->out->block_a = w->c->blocks[w->words.at[i].block].block->ref;
    w->c->out->block_b = w->c->blocks[w->words.at[k].block].block->ref;
    return PTRD_ELIMIT;
}

/* Both words are used up. */
static int meet(struct walk *w, const struct cursors *pair)
{
    bool same = cursor_equal(&pair->a, &pair->b);
    const struct word *words = w->words.at;
    for (uint32_t i = pair->a.lo; i < pair->a.hi; i++) {
        for (uint32_t k = same ? i + 1 : pair->b.lo; k < pair->b.hi; k++) {
            if (words[i].group == words[k].group)
                continue;
            if (search_spend(w->c->pairing.search, 1) < 0)
                return give_up(w, i, k);
            int found =
                collide_blocks(w->c, &w->c->blocks[words[i].block], &w->c->blocks[words[k].block]);
            if (found != PTRD_ABSENT)
                return found;
        }
    }
    return PTRD_ABSENT;
}

static int advance(struct walk *w, const struct cursors *pair)
{
    bool same = cursor_equal(&pair->a, &pair->b);
    int err = find_moves(w, pair->a, &w->a);
    if (err == 0 && !same)
        err = find_moves(w, pair->b, &w->b);
    if (err < 0)
        return err;
    const struct moves *moves_b = same ? &w->a : &w->b;
    for (uint32_t i = 0; i < w->a.count; i++) {
        for (uint32_t k = same ? i : 0; k < moves_b->count; k++) {
            const struct move *a = &w->a.at[i], *b = &moves_b->at[k];
            if (!(a->octets & b->octets))
                continue;
            struct cursors next = {.a = a->next, .b = b->next};
            int found =
                a->octets == OCTET_END ? meet(w, &next) : push(w, &next, a->merges || b->merges);
            if (found != PTRD_ABSENT)
                return found;
        }
    }
    return PTRD_ABSENT;
}

static int walk_pairs(struct walk *w)
{
    struct cursor all = {.hi = w->words.count};
    int found = push(w, &(struct cursors){all, all}, false);
    while (found == PTRD_ABSENT && w->depth) {
        struct cursors pair = w->stack[--w->depth];
        if (is_settled(w, &pair))
            continue;
        if (search_spend(w->c->pairing.search, 1) < 0)
            return give_up(w, pair.a.lo, pair.b.hi - 1);
        found = advance(w, &pair);
    }
    return found;
}

int trie_check(struct collide *c)
{
    struct walk w = {.c = c};
    if (c->count < 2)
        return PTRD_ABSENT;
    int found = words_build(c, &w.words);
    w.same_until = found < 0 ? NULL : malloc(w.words.count * sizeof *w.same_until);
    if (found == 0 && !w.same_until)
        found = PTRD_ENOMEM;
    if (found == 0) {
        uint32_t until = w.words.count;
        for (uint32_t i = w.words.count; i > 0; i--) {
            if (i < w.words.count && w.words.at[i - 1].group != w.words.at[i].group)
                until = i;
            w.same_until[i - 1] = until;
        }
        found = walk_pairs(&w);
    }
    words_free(&w.words);
    free(w.same_until);
    free(w.a.at);
    free(w.b.at);
    free(w.stack);
    free(w.seen);
    return found;
}
