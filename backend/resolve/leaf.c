#include "ptrd/resolve/leaf.h"

#include <string.h>

#include "answer.h"
#include "deny_p.h"
#include "facts.h"

int leaf_mode_parse(const char *text, enum leaf_mode *out)
{
    static const char *const modes[] = {
        [LEAF_OFF] = "off", [LEAF_IPV6] = "ipv6", [LEAF_ALL] = "all"};
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(text, modes[i]) != 0)
            continue;
        *out = (enum leaf_mode)i;
        return 0;
    }
    return PTRD_EINVAL;
}

/* --- which names ------------------------------------------------------------------------------ */

/* The whole name of an address whose family the mode takes. */
static bool is_whole(const struct table *t, enum leaf_mode mode, const struct place *p,
                     const struct name *name, struct addr *out)
{
    struct arpa arpa;
    if (!p->zone->reverse || name_equal(name, &p->zone->apex))
        return false;
    table_reverse_parse(t, p->zone, name, &arpa);
    *out = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    return arpa.kind == ARPA_FULL && (mode == LEAF_ALL || out->family == FAMILY_IPV6);
}

/* Then the name exists, whatever stands there beside the PTR or in its place. */
static bool is_generated(const struct table *t, const struct zone *zone, const struct addr *addr)
{
    const struct block *b = table_block_for(t, addr);
    if (!b || !b->template)
        return false;
    return addr->family == FAMILY_IPV6 || table_home(t, addr) == zone; /* RFC 2317 */
}

static int exists_or_uncovered(struct snapshot *s, const struct zone *zone, const struct name *name,
                               struct answer *a)
{
    struct denial d = {.s = s, .zone = zone, .a = a};
    int kind = deny_look(&d, name);
    if (kind < 0 || kind != DENY_ABSENT)
        return kind < 0 ? kind : PTRD_FOUND;
    int covered = deny_covered(&d, name);
    if (covered < 0)
        return covered;
    return covered == PTRD_FOUND ? PTRD_ABSENT : PTRD_FOUND;
}

int leaf_find(struct snapshot *s, enum leaf_mode mode, const struct name *name, struct answer *a)
{
    struct addr addr;
    if (mode == LEAF_OFF || !s->own)
        return PTRD_ABSENT;
    struct place p = table_place(s->table, name);
    if (!p.zone || p.rule != PLACE_FREE || p.owns_dname ||
        !is_whole(s->table, mode, &p, name, &addr))
        return PTRD_ABSENT;
    a->zone = p.zone;
    int found = facts_signed(s, a);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : PTRD_ABSENT;
    int records = facts_records(s, a); /* without any there is no wildcard */
    if (records < 0)
        return records;
    if (!records || is_generated(s->table, p.zone, &addr))
        return PTRD_FOUND;
    found = exists_or_uncovered(s, p.zone, name, a);
    a->zone = p.zone;
    return found;
}

/* --- their answer ----------------------------------------------------------------------------- */

static int add_soa(struct snapshot *s, struct answer *a)
{
    struct row row = {
        .kind = ROW_TEXT, .source = ANSWER_EXPLICIT, .type = RRTYPE_SOA, .auth = true};
    a->count = 0;
    a->block = NULL;
    a->rule = PLACE_FREE;
    a->cut.len = 0;
    a->source = ANSWER_EXPLICIT;
    int err = facts_soa(s, a, &row);
    return err < 0 ? err : answer_add(a, &row);
}

int leaf_resolve(struct snapshot *s, enum leaf_mode mode, const struct question *q,
                 struct answer *a)
{
    int found = PTRD_ABSENT;
    if (q->type == RRTYPE_SOA && q->zone_id <= 0)
        found = leaf_find(s, mode, &q->name, a);
    if (found < 0)
        return found;
    return found == PTRD_FOUND ? add_soa(s, a) : resolve(s, q, a);
}
