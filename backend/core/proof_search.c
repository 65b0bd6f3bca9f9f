#include "proof_p.h"

#include <stdlib.h>
#include <string.h>

/* Two forms read the same text in lockstep.
 *
 * A side is at an item; within a field it has chosen a width and read some digits, and knows
 * whether they still equal the first digits of the least or the greatest value (the bounds bind
 * only then). Where fields share address bits the side also remembers those bits. Every state is
 * visited once: what can follow depends on nothing else, so the search is exact, and it takes
 * polynomial time where no bits are shared. Depth first; both addresses are gathered on the way. */

enum { AT_LOW = 1, AT_HIGH = 2 };

struct side {
    uint16_t item;
    uint8_t width, pos, bounds; /* width 0: not chosen */
    u128 value;                 /* of the digits read */
    u128 bits;                  /* of the address */
};

struct state {
    struct side a, b;
    bool diverged; /* not all fields read are the same ones with the same values on both sides */
};

struct search {
    uint64_t steps_left;
    struct state *states;
    uint32_t count, capacity;
    uint32_t *slots; /* state index + 1, open addressing */
    uint32_t slot_count, slot_capacity;
    uint32_t *stack;
    uint32_t depth;
    const struct form *a, *b;
    bool large;
    int error;
};

#define SLOTS_START 256

struct search *search_new(uint64_t steps)
{
    struct search *s = calloc(1, sizeof *s);
    if (s)
        s->steps_left = steps;
    return s;
}

void search_free(struct search *s)
{
    if (!s)
        return;
    free(s->states);
    free(s->slots);
    free(s->stack);
    free(s);
}

int search_spend(struct search *s, uint64_t steps)
{
    if (s->steps_left < steps) {
        s->steps_left = 0;
        return PTRD_ELIMIT;
    }
    s->steps_left -= steps;
    return 0;
}

/* --- the set of states ------------------------------------------------------------------------ */

/* The part of a side that decides what can follow. */
static struct side essence(const struct form *form, const struct side *side)
{
    struct side e = *side;
    int16_t item = side->item < form->count ? form->item[side->item] : -1;
    if (item < 0 || !form->field[item].tracked)
        e.value = 0;
    e.bits &= form->needed[side->item];
    return e;
}

static bool side_equal(const struct side *x, const struct side *y)
{
    return x->item == y->item && x->width == y->width && x->pos == y->pos &&
           x->bounds == y->bounds && x->value == y->value && x->bits == y->bits;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_side(uint64_t hash, const struct side *e)
{
    hash = mix(hash, (uint64_t)e->item << 24 | (uint64_t)e->width << 16 | (uint64_t)e->pos << 8 |
                         e->bounds);
    hash = mix(hash, (uint64_t)e->value ^ (uint64_t)(e->value >> 64) * 3);
    return mix(hash, (uint64_t)e->bits ^ (uint64_t)(e->bits >> 64) * 3);
}

static uint64_t hash_state(const struct search *s, const struct state *state)
{
    struct side a = essence(s->a, &state->a), b = essence(s->b, &state->b);
    return hash_side(hash_side(state->diverged, &a), &b);
}

static bool state_equal(const struct search *s, const struct state *x, const struct state *y)
{
    struct side xa = essence(s->a, &x->a), ya = essence(s->a, &y->a);
    struct side xb = essence(s->b, &x->b), yb = essence(s->b, &y->b);
    return x->diverged == y->diverged && side_equal(&xa, &ya) && side_equal(&xb, &yb);
}

static bool grow_states(struct search *s)
{
    if (s->count < s->capacity)
        return true;
    uint32_t wanted = s->capacity ? s->capacity * 2 : 256;
    struct state *states = realloc(s->states, wanted * sizeof *states);
    if (states)
        s->states = states;
    uint32_t *stack = realloc(s->stack, wanted * sizeof *stack);
    if (stack)
        s->stack = stack;
    if (!states || !stack)
        return false;
    s->capacity = wanted;
    return true;
}

static bool reset_slots(struct search *s, uint32_t wanted)
{
    if (wanted > s->slot_capacity) {
        uint32_t *slots = realloc(s->slots, wanted * sizeof *slots);
        if (!slots)
            return false;
        s->slots = slots;
        s->slot_capacity = wanted;
    }
    s->slot_count = wanted;
    memset(s->slots, 0, wanted * sizeof *s->slots);
    return true;
}

static uint32_t find_slot(const struct search *s, const struct state *state)
{
    uint32_t at = (uint32_t)hash_state(s, state) & (s->slot_count - 1);
    while (s->slots[at] && !state_equal(s, &s->states[s->slots[at] - 1], state))
        at = (at + 1) & (s->slot_count - 1);
    return at;
}

static bool rehash(struct search *s)
{
    if (!reset_slots(s, s->slot_count * 2))
        return false;
    for (uint32_t i = 0; i < s->count; i++)
        s->slots[find_slot(s, &s->states[i])] = i + 1;
    return true;
}

/* Adds a state unless it was there. */
static void visit(struct search *s, const struct state *state)
{
    if (s->error < 0)
        return;
    uint32_t at = find_slot(s, state);
    if (s->slots[at])
        return;
    if (s->count == PROOF_SEARCH_STATES) {
        s->large = true;
        return;
    }
    s->error = search_spend(s, 1);
    if (s->error < 0)
        return;
    if (!grow_states(s)) {
        s->error = PTRD_ENOMEM;
        return;
    }
    s->states[s->count++] = *state;
    s->slots[at] = s->count;
    s->stack[s->depth++] = s->count - 1;
    if (s->count * 2 > s->slot_count && !rehash(s))
        s->error = PTRD_ENOMEM;
}

/* --- reading ---------------------------------------------------------------------------------- */

static const struct form_field *field_at(const struct form *form, const struct side *side)
{
    int16_t item = side->item < form->count ? form->item[side->item] : -1;
    return item >= 0 ? &form->field[item] : NULL;
}

static bool must_choose(const struct form *form, const struct side *side)
{
    return side->width == 0 && field_at(form, side);
}

static struct side with_width(const struct form_field *f, struct side side, unsigned width)
{
    side.width = (uint8_t)width;
    side.bounds =
        (uint8_t)((width == f->width_min ? AT_LOW : 0) | (width == f->width_max ? AT_HIGH : 0));
    return side;
}

/* Equal digits of both give equal address bits. */
static bool corresponds(const struct form_field *a, const struct form_field *b)
{
    return a && b && a->radix == b->radix && a->shift == b->shift && a->base == b->base &&
           a->mask == b->mask;
}

/* Branches over the widths. While the sides have not diverged they are at the same digit of
 * corresponding fields or both between items. */
static void choose(struct search *s, const struct state *state)
{
    struct state next = *state;
    const struct form_field *fa = field_at(s->a, &state->a), *fb = field_at(s->b, &state->b);
    bool for_a = must_choose(s->a, &state->a);
    bool for_b = must_choose(s->b, &state->b) && (!for_a || !state->diverged);
    unsigned a_min = for_a ? fa->width_min : 0, a_max = for_a ? fa->width_max : 0;
    unsigned b_min = for_b ? fb->width_min : 0, b_max = for_b ? fb->width_max : 0;
    for (unsigned wa = a_min; wa <= a_max; wa++) {
        for (unsigned wb = b_min; wb <= b_max; wb++) {
            if (for_a)
                next.a = with_width(fa, state->a, wa);
            if (for_b)
                next.b = with_width(fb, state->b, wb);
            next.diverged = state->diverged || wa != wb || !corresponds(fa, fb);
            visit(s, &next);
        }
    }
}

struct codes {
    unsigned from, to; /* none when from > to */
};

static struct codes next_codes(const struct form *form, const struct side *side)
{
    const struct form_field *f = field_at(form, side);
    if (side->item == form->count)
        return (struct codes){1, 0};
    if (!f) {
        unsigned code = (unsigned)(-1 - form->item[side->item]);
        return (struct codes){code, code};
    }
    bool leading = side->pos == 0 && !f->padded && side->width > 1;
    return (struct codes){
        .from = side->bounds & AT_LOW ? f->lo[side->pos] : leading,
        .to = side->bounds & AT_HIGH ? f->hi[side->pos] : f->radix - 1u,
    };
}

/* Digits that are bits of the address can be compared with what was read before at once, not only
 * when the field is complete: fewer states. */
static bool contradicts(const struct form_field *f, const struct side *side, unsigned code)
{
    if (f->radix == 10 || f->base)
        return false;
    unsigned digit_bits = f->radix == 16 ? 4 : 5;
    unsigned low = f->shift + digit_bits * (unsigned)(side->width - side->pos);
    u128 mask = low_bits(digit_bits) << low & f->mask & f->before;
    return (((u128)code << low) ^ side->bits) & mask;
}

/* Reads one octet. False: bits read before contradict the value. */
static bool step(const struct form *form, struct side *side, unsigned code)
{
    const struct form_field *f = field_at(form, side);
    if (!f) {
        side->item++;
        return true;
    }
    if (side->bounds & AT_LOW && code != f->lo[side->pos])
        side->bounds &= (uint8_t)~AT_LOW;
    if (side->bounds & AT_HIGH && code != f->hi[side->pos])
        side->bounds &= (uint8_t)~AT_HIGH;
    side->value = side->value * f->radix + code;
    side->pos++;
    if (contradicts(f, side, code))
        return false;
    if (side->pos < side->width)
        return true;
    u128 bits = (f->base + (side->value << f->shift)) & f->mask;
    if ((bits ^ side->bits) & f->before & f->mask)
        return false;
    side->bits |= bits;
    side->item++;
    side->width = side->pos = side->bounds = 0;
    side->value = 0;
    return true;
}

static void read_octet(struct search *s, const struct state *state)
{
    struct codes a = next_codes(s->a, &state->a), b = next_codes(s->b, &state->b);
    unsigned from = a.from > b.from ? a.from : b.from, to = a.to < b.to ? a.to : b.to;
    for (unsigned code = from; code <= to; code++) {
        struct state next = *state;
        if (step(s->a, &next.a, code) && step(s->b, &next.b, code))
            visit(s, &next);
    }
}

/* Both texts are read, and the addresses may count as two. Whether sides that have not diverged
 * have equal addresses depends on the forms alone, so that this too fits states visited once. */
static bool complete(const struct search *s, const struct state *state)
{
    if (state->a.item != s->a->count || state->b.item != s->b->count)
        return false;
    return state->diverged || s->a->loose || s->b->loose ||
           (s->a->fixed | state->a.bits) != (s->b->fixed | state->b.bits);
}

int search_forms(struct search *s, const struct form *a, const struct form *b,
                 struct proof_pair *out)
{
    s->a = a;
    s->b = b;
    s->count = s->depth = 0;
    s->error = 0;
    s->large = false;
    if (!reset_slots(s, SLOTS_START))
        return PTRD_ENOMEM;
    visit(s, &(struct state){.diverged = a->family != b->family});
    while (s->error == 0 && !s->large && s->depth) {
        struct state state = s->states[s->stack[--s->depth]];
        if (complete(s, &state)) {
            *out = (struct proof_pair){.a = a->fixed | state.a.bits, .b = b->fixed | state.b.bits};
            return PTRD_FOUND;
        }
        if (must_choose(a, &state.a) || must_choose(b, &state.b))
            choose(s, &state);
        else
            read_octet(s, &state);
    }
    if (s->error < 0)
        return s->error;
    return s->large ? SEARCH_LARGE : PTRD_ABSENT;
}
