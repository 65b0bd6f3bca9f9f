/* Private to resolve: what is being answered. */
#ifndef PTRD_RESOLVE_WORK_H
#define PTRD_RESOLVE_WORK_H

#include "answer.h"

/* The question and what has been seen at its name so far. */
struct work {
    struct snapshot *s;
    const struct question *q;
    struct answer *a;
    struct name_key key;
    struct arpa arpa;
    int records; /* enum facts_records: which tables may have rows here; key is set unless 0 */
    bool apex;
    bool cname, local_cname, has_a, has_aaaa, has_ptr, exists, leads;
};

static inline bool work_wants(const struct work *w, uint16_t type)
{
    return w->q->type == RRTYPE_ANY || w->q->type == type;
}

/* Appends a row whose fields are all set. */
PTRD_CHECKED int work_add(struct work *w, const struct row *row) PTRD_NONNULL;

/* Appends an RRset; the fields of a row that its contents share are in row. */
PTRD_CHECKED int work_add_contents(struct work *w, const struct store_rrset *set,
                                   struct row row) PTRD_NONNULL;
PTRD_CHECKED int work_add_names(struct work *w, const struct store_ptr *ptr,
                                struct row row) PTRD_NONNULL;

/* Reads the name by the rules of a->zone: FULL is said only of the name where the PTR of an address
 * stands. */
void work_read_arpa(struct work *w) PTRD_NONNULL;

/* Some address below a PARTIAL name, and in no other home, has an explicit PTR, or a generated one
 * where those count too. */
PTRD_CHECKED int work_ptrs_below(const struct work *w, bool generated) PTRD_NONNULL;

/* Empties the answer. */
void work_begin(struct work *w) PTRD_NONNULL;

/* Appends what the name's own zone answers, whatever zone the question names. */
PTRD_CHECKED int work_answer_own(struct work *w) PTRD_NONNULL;
/* The same where the name's place is known. */
PTRD_CHECKED int work_answer_placed(struct work *w, const struct place *p) PTRD_NONNULL;

/* The zone directly below `above` on the way down to z, a zone below it. */
const struct zone *zone_towards(const struct table *t, const struct zone *above,
                                const struct zone *z) PTRD_NONNULL;

/* How the cuts and DNAMEs of `asked`, which encloses the name's own zone, rule the name: sets
 * a->rule and a->cut. The apex of the topmost zone on the way is a cut. */
void ruled_from_above(struct work *w, const struct zone *asked,
                      const struct zone *own) PTRD_NONNULL;

/* Appends what stands at a name that a->rule says is ruled, in a->zone. */
PTRD_CHECKED int ruled_answer(struct work *w) PTRD_NONNULL;

/* Explicit records of `zone` at or below a name in it, whatever stands in zones below. */
PTRD_CHECKED int ruled_records_below(struct snapshot *s, const struct zone *zone,
                                     const struct name *name) PTRD_NONNULL;

#endif
