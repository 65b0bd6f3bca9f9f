#include "ptrd/resolve/plain.h"

#include "deny_p.h"
#include "facts.h"
#include "work.h"

/* Records that speak for other types than their own. */
static bool speaks_for_others(uint16_t type)
{
    return type == RRTYPE_CNAME || type == RRTYPE_DNAME || type == RRTYPE_ALIAS ||
           type == RRTYPE_LUA;
}

static bool all_speak_for_themselves(const struct answer *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (speaks_for_others(a->rows[i].type) || !a->rows[i].auth)
            return false;
    return true;
}

/* A zone without explicit records below its apex has no wildcard. */
static int is_covered(struct work *w)
{
    struct denial d = {.s = w->s, .zone = w->a->zone, .a = w->a};
    if (!(w->records & (FACTS_SOURCE | FACTS_LOCAL)))
        return PTRD_ABSENT;
    int covered = deny_covered(&d, &w->q->name);
    w->a->count = 0; /* it was scratch */
    return covered;
}

int plain_resolve(struct snapshot *s, const struct question *q, struct answer *a)
{
    struct place p = table_place(s->table, &q->name);
    if (!s->own || !p.zone || p.rule != PLACE_FREE)
        return PTRD_ABSENT;
    a->zone = p.zone;
    int found = facts_plain(s, a);
    if (found != PTRD_FOUND)
        return found;
    struct work w = {.s = s, .q = q, .a = a, .arpa = {.kind = ARPA_NONE}};
    work_begin(&w);
    int err = work_answer_placed(&w, &p);
    if (err < 0)
        return err;
    if (a->count > 0)
        return all_speak_for_themselves(a) ? PTRD_FOUND : PTRD_ABSENT;
    found = is_covered(&w);
    if (found < 0)
        return found;
    return found == PTRD_FOUND ? PTRD_ABSENT : PTRD_FOUND;
}

int plain_soa(struct snapshot *s, struct answer *a, struct plain_soa *out)
{
    uint32_t ttl_s;
    int err = facts_soa_wire(s, a, &out->rdata, &ttl_s);
    if (err < 0)
        return err;
    const uint8_t *minimum = out->rdata.bytes + out->rdata.len - 4;
    uint32_t minimum_s = (uint32_t)minimum[0] << 24 | (uint32_t)minimum[1] << 16 |
                         (uint32_t)minimum[2] << 8 | minimum[3];
    out->negative_ttl_s = ttl_s < minimum_s ? ttl_s : minimum_s;
    return 0;
}
