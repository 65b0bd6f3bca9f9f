#include "proof_p.h"

#include <stdlib.h>
#include <string.h>

/* The search over two parts: all patterns of zero groups, and smaller and smaller ranges where the
 * larger ones gave a pair that is none. */

struct task {
    struct proof_part a, b;
    bool same;
};

#define TASKS_MAX 1024 /* a task becomes at most three, halved at most 256 times */

struct tasks {
    struct task at[TASKS_MAX];
    unsigned count;
};

int pairing_init(struct proof_pairing *p, uint64_t steps)
{
    *p = (struct proof_pairing){.search = search_new(steps)};
    p->form_a = malloc(sizeof *p->form_a);
    p->form_b = malloc(sizeof *p->form_b);
    p->tasks = malloc(sizeof *p->tasks);
    if (p->search && p->form_a && p->form_b && p->tasks)
        return 0;
    pairing_done(p);
    return PTRD_ENOMEM;
}

void pairing_done(struct proof_pairing *p)
{
    search_free(p->search);
    free(p->form_a);
    free(p->form_b);
    free(p->tasks);
    *p = (struct proof_pairing){0};
}

static bool same_text(const struct template *ta, u128 a, const struct template *tb, u128 b)
{
    char one[TEMPLATE_OUT_MAX], two[TEMPLATE_OUT_MAX];
    int len_a = template_print(ta, a, one), len_b = template_print(tb, b, two);
    return len_a >= 0 && len_a == len_b && memcmp(one, two, (size_t)len_a) == 0;
}

/* --- parts ------------------------------------------------------------------------------------ */

/* The first segment that ends at or behind num. */
static uint32_t segment_from(const struct proof_part *part, u128 num)
{
    uint32_t low = 0, high = part->segment_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (part->segments[mid].last < num)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool holds(const struct proof_part *part, u128 num)
{
    if (num < part->range.first || num > part->range.last)
        return false;
    if (!part->segments)
        return true;
    uint32_t i = segment_from(part, num);
    return i < part->segment_count && part->segments[i].first <= num;
}

/* Cuts off what no segment holds at both ends. False: nothing is left. */
static bool trim(struct proof_part *part)
{
    if (!part->segments)
        return true;
    uint32_t i = segment_from(part, part->range.first);
    if (i == part->segment_count || part->segments[i].first > part->range.last)
        return false;
    if (part->segments[i].first > part->range.first)
        part->range.first = part->segments[i].first;
    uint32_t k = segment_from(part, part->range.last);
    if (k == part->segment_count || part->segments[k].first > part->range.last)
        part->range.last = part->segments[k - 1].last;
    return true;
}

/* A prefix that counts in full: forms are exact for it. */
static bool is_exact(const struct proof_part *part)
{
    uint8_t len;
    if (!range_prefix_len(&part->range, &len))
        return false;
    return !part->segments ||
           segment_from(part, part->range.first) == segment_from(part, part->range.last);
}

/* Halves at the highest bit that varies; the part has more than one address. */
static void split(const struct proof_part *part, struct proof_part half[2])
{
    u128 varying = proof_varying(&part->range), middle = part->range.last & ~(varying >> 1);
    half[0] = half[1] = *part;
    half[0].range.last = middle - 1;
    half[1].range.first = middle;
}

/* Is the pair what was asked for? */
static bool is_true(const struct proof_part *a, const struct proof_part *b,
                    const struct proof_pair *pair)
{
    return holds(a, pair->a) && holds(b, pair->b) &&
           (a->t->family != b->t->family || pair->a != pair->b) &&
           same_text(a->t, pair->a, b->t, pair->b);
}

/* --- forms ------------------------------------------------------------------------------------ */

#define UNSURE 3 /* the pair found is no true one, or the search was too large */

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

/* form_a (pattern zeros_a) against all forms of b; same: those from that pattern on. */
static int against_form(struct proof_pairing *p, const struct proof_part *a,
                        const struct proof_part *b, unsigned zeros_a, unsigned hyphens_a, bool same,
                        struct proof_pair *out)
{
    struct hyphens hb = count_hyphens(b->t);
    unsigned patterns = hb.shorts ? 256 : 1;
    struct form_zeros possible = form_zeros(&b->range);
    for (unsigned zeros = same ? zeros_a : 0; zeros < patterns; zeros++) {
        if (hyphens_with(hb, zeros) != hyphens_a ||
            (hb.shorts && !form_zeros_possible(possible, zeros)))
            continue;
        int err = form_build(b, zeros, p->form_b);
        if (err == 0)
            err = search_spend(p->search, PROOF_FORM_STEPS);
        if (err < 0)
            return err;
        int found = search_forms(p->search, p->form_a, p->form_b, out);
        if (found == PTRD_FOUND)
            return is_true(a, b, out) ? PTRD_FOUND : UNSURE;
        if (found != PTRD_ABSENT)
            return found == SEARCH_LARGE ? UNSURE : found;
    }
    return PTRD_ABSENT;
}

/* All forms of a against all of b, the ranges taken as if they counted in full. */
static int try_ranges(struct proof_pairing *p, const struct proof_part *a,
                      const struct proof_part *b, bool same, struct proof_pair *out)
{
    struct hyphens ha = count_hyphens(a->t);
    unsigned patterns = ha.shorts ? 256 : 1;
    struct form_zeros possible = form_zeros(&a->range);
    for (unsigned zeros = 0; zeros < patterns; zeros++) {
        if (ha.shorts && !form_zeros_possible(possible, zeros))
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

/* --- the whole -------------------------------------------------------------------------------- */

static void add_task(struct tasks *tasks, struct proof_part a, struct proof_part b, bool same)
{
    if (trim(&a) && trim(&b))
        tasks->at[tasks->count++] = (struct task){.a = a, .b = b, .same = same};
}

/* Halves the part that is not exact, or the larger one. False: there is nothing to halve. */
static bool divide(struct tasks *tasks, const struct task *task)
{
    struct proof_part half[2];
    u128 size_a = task->a.range.last - task->a.range.first;
    u128 size_b = task->b.range.last - task->b.range.first;
    if ((size_a == 0 && size_b == 0) || tasks->count + 3 > TASKS_MAX)
        return false;
    if (task->same) {
        split(&task->a, half);
        add_task(tasks, half[0], half[0], true);
        add_task(tasks, half[1], half[1], true);
        add_task(tasks, half[0], half[1], false);
        return true;
    }
    bool exact_a = is_exact(&task->a), exact_b = is_exact(&task->b);
    bool of_a = exact_a == exact_b ? size_a >= size_b : exact_b;
    split(of_a ? &task->a : &task->b, half);
    for (unsigned i = 0; i < 2; i++)
        add_task(tasks, of_a ? half[i] : task->a, of_a ? task->b : half[i], false);
    return true;
}

/* Ranges taken in full have all texts that count, and more; where the text found is one of the
 * latter, or the search grows too large, they are halved. Prefixes that count in full are exact. */
int pairing_find(struct proof_pairing *p, const struct proof_part *a, const struct proof_part *b,
                 bool same, struct proof_pair *out)
{
    struct tasks *tasks = p->tasks;
    tasks->count = 0;
    add_task(tasks, *a, *b, same);
    while (tasks->count) {
        struct task task = tasks->at[--tasks->count];
        int found = try_ranges(p, &task.a, &task.b, task.same, out);
        if (found == PTRD_ABSENT)
            continue;
        if (found != UNSURE)
            return found;
        if (!divide(tasks, &task))
            return PTRD_ELIMIT;
    }
    return PTRD_ABSENT;
}

int pairing_ranges(struct proof_pairing *p, const struct proof_part *a, const struct proof_part *b)
{
    struct proof_pair unused;
    int found = try_ranges(p, a, b, false, &unused);
    return found == UNSURE ? PTRD_FOUND : found;
}
