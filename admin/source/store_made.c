/* Delegations and zones of RFC 2317 read back from a store, where their records are stored too and
 * may have been edited since. */
#include "store_p.h"

#include "ptrd/core/arpa.h"
#include "ptrd/core/rrtype.h"

#include <stdlib.h>
#include <string.h>

void store_mark_makers(struct model *m)
{
    for (uint32_t i = 0; i < m->zone_count; i++)
        m->zones[i].place = (struct model_place){.column = MARK_OF_ZONE, .line = i + 1};
    for (uint32_t i = 0; i < m->delegation_count; i++)
        m->delegations[i].place = (struct model_place){.column = MARK_OF_DELEGATION, .line = i + 1};
}

/* --- which of the two ------------------------------------------------------------------------- */

/* One RRset among sorted records: what was made of it, and what of the rest is in force. */
struct rrset {
    struct model_record *records;
    uint32_t count, made, in_force;
};

static struct rrset rrset_at(struct model_record *records, uint32_t count)
{
    struct rrset set = {.records = records};
    for (; set.count < count; set.count++) {
        const struct model_record *r = &records[set.count];
        if (r->type != records->type || !name_equal(&r->owner, &records->owner))
            break;
        set.made += r->made;
        set.in_force += !r->made && r->place.column != MARK_HIDDEN;
    }
    return set;
}

static bool same_record(const struct model_record *a, const struct model_record *b)
{
    return a->ttl_s == b->ttl_s && a->content_len == b->content_len &&
           memcmp(a->content, b->content, a->content_len) == 0;
}

/* Each made record has its equal in force. */
static bool is_as_made(const struct rrset *set)
{
    if (set->made != set->in_force)
        return false;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct model_record *made = &set->records[i];
        bool found = !made->made;
        for (uint32_t k = 0; k < set->count && !found; k++) {
            const struct model_record *other = &set->records[k];
            found = !other->made && other->place.column != MARK_HIDDEN && same_record(made, other);
        }
        if (!found)
            return false;
    }
    return true;
}

/* What the makers made is not all in force, or would not be made again: by place.line of the
 * records, from 1 on. */
struct broken {
    bool *delegations, *zones;
    struct table *cuts; /* zones, and the cuts in force */
};

/* The mark of whoever made the record. */
static bool *broken_of(const struct broken *b, const struct model_record *r)
{
    bool *marks = r->place.column == MARK_OF_DELEGATION ? b->delegations : b->zones;
    return &marks[r->place.line];
}

static int cuts_in_force(const struct model *m, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    err = model_put_zones(m, b);
    for (uint32_t i = 0; i < m->record_count && err == 0; i++) {
        const struct model_record *r = &m->records[i];
        if (!r->made && r->place.column != MARK_HIDDEN &&
            (r->type == RRTYPE_NS || r->type == RRTYPE_DNAME))
            err = table_add_cut(b, &r->owner, r->type == RRTYPE_NS ? CUT_NS : CUT_DNAME);
    }
    if (err == 0)
        err = table_finish(b, out, NULL, NULL);
    table_builder_free(b);
    return err;
}

/* Made CNAMEs whose owner lies at or below a cut by now: a zone's are not made there, and those of
 * a delegation are refused. */
static bool is_occluded(const struct broken *b, const struct model_record *r)
{
    return r->made && r->type == RRTYPE_CNAME && table_place(b->cuts, &r->owner).rule != PLACE_FREE;
}

static void find_broken(struct model_record *records, uint32_t count, const struct broken *b)
{
    for (uint32_t i = 0; i < count;) {
        struct rrset set = rrset_at(&records[i], count - i);
        bool equal = !set.made || is_as_made(&set);
        for (uint32_t k = 0; k < set.count; k++) {
            const struct model_record *r = &set.records[k];
            bool wrong = equal ? is_occluded(b, r) : r->place.column == MARK_OF_DELEGATION;
            if (r->made && wrong)
                *broken_of(b, r) = true;
        }
        i += set.count;
    }
}

/* Is anything in force at the name? */
static bool any_in_force(const struct model *m, const struct name *owner)
{
    for (uint32_t i = model_first_record(m, owner);
         i < m->record_count && name_equal(&m->records[i].owner, owner); i++)
        if (!m->records[i].made && m->records[i].place.column != MARK_HIDDEN)
            return true;
    return false;
}

/* The CNAMEs of a zone of RFC 2317: one would be made where nothing stands. Where something else
 * stands it takes the CNAME's place. */
static void find_broken_zone(const struct model *m, uint32_t zone, const struct broken *b)
{
    struct range range = range_of_prefix(&m->zones[zone].settings.prefix);
    for (u128 num = range.first; num <= range.last && !b->zones[zone + 1]; num++) {
        struct addr addr = {.num = num, .family = FAMILY_IPV4};
        struct name owner, target;
        arpa_name(&addr, &owner);
        table_reverse_name(b->cuts, &addr, &target);
        struct place at = table_place(b->cuts, &owner);
        if (at.zone && at.zone->reverse && at.rule == PLACE_FREE && !name_equal(&owner, &target))
            b->zones[zone + 1] = !any_in_force(m, &owner);
    }
}

static bool keeps_made(const struct rrset *set, const struct broken *b)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->records[i].made && *broken_of(b, &set->records[i]))
            return false;
    return set->made && is_as_made(set);
}

static uint32_t keep_one_of_two(struct model_record *records, uint32_t count,
                                const struct broken *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count;) {
        struct rrset set = rrset_at(&records[i], count - i);
        bool made = keeps_made(&set, b);
        i += set.count;
        for (uint32_t k = 0; k < set.count; k++) {
            if (set.records[k].made != made || set.records[k].place.column == MARK_HIDDEN)
                continue;
            /* moves towards the front only: what follows is still to be read */
            records[kept] = set.records[k];
            records[kept++].place = (struct model_place){0};
        }
    }
    return kept;
}

/* --- delegations that go ---------------------------------------------------------------------- */

/* Zones and blocks, nothing delegated. */
static int block_table(const struct model *m, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    err = model_put_zones(m, b);
    for (uint32_t i = 0; i < m->block_count && err == 0; i++) {
        const struct model_block *k = &m->blocks[i];
        err = table_add_block(b, &k->range, k->text, k->vars, k->var_count, k->ttl_s, k->flags, i,
                              NULL);
    }
    if (err == 0)
        err = table_finish(b, out, NULL, NULL);
    table_builder_free(b);
    return err;
}

/* The block that would give the address a name, were it not delegated; or NULL. */
static const struct block *generating(const struct table *t, const struct model_delegation *d,
                                      u128 num)
{
    struct addr addr = {.num = num, .family = d->prefix.family};
    const struct zone *home = table_home(t, &addr);
    const struct block *b = table_block_for(t, &addr);
    bool ours = home && name_within(&home->apex, &d->child);
    return b && b->template && !ours ? b : NULL;
}

/* A run of addresses with one most specific block, so it crosses no other. */
static int add_exclusion(struct model *m, const struct block *b, const struct range *run)
{
    if (b->range.first == run->first && b->range.last == run->last) {
        struct model_block *own = &m->blocks[b->ref];
        own->text = NULL;
        own->flags = 0;
        own->var_count = 0;
        return 0;
    }
    struct model_block *k = model_add_block(m);
    if (!k)
        return PTRD_ENOMEM;
    k->range = *run;
    k->ttl_s = b->ttl_s;
    return 0;
}

static int exclude(struct model *m, const struct table *t, const struct model_delegation *d)
{
    struct range all = range_of_prefix(&d->prefix);
    int err = 0;
    for (u128 num = all.first; num <= all.last && err == 0;) {
        struct range run = {.first = num, .last = num, .family = all.family};
        const struct block *b = generating(t, d, num++);
        while (num <= all.last && generating(t, d, num) == b)
            run.last = num++;
        if (b)
            err = add_exclusion(m, b, &run);
    }
    return err;
}

static int drop_broken(struct model *m, const bool *broken)
{
    struct table *t = NULL;
    uint32_t kept = 0;
    int err = 0;
    for (uint32_t i = 0; i < m->delegation_count && err == 0; i++) {
        struct model_delegation *d = &m->delegations[i];
        bool goes = broken[d->place.line];
        d->place = (struct model_place){0};
        if (goes && d->child.len && !t)
            err = block_table(m, &t);
        if (goes && d->child.len && err == 0)
            err = exclude(m, t, d);
        if (!goes)
            m->delegations[kept++] = *d;
    }
    table_free(t);
    if (err == 0)
        m->delegation_count = kept;
    return err;
}

/* Records of one name and type stand together then, whatever they come from. */
static void sort_with_made(struct model_record *records, uint32_t count)
{
    if (count)
        qsort(records, count, sizeof *records, model_compare_records);
}

static int settle(struct model *m, struct broken *b)
{
    int err = cuts_in_force(m, &b->cuts);
    if (err < 0)
        return err;
    sort_with_made(m->records, m->record_count);
    sort_with_made(m->above, m->above_count);
    find_broken(m->records, m->record_count, b);
    find_broken(m->above, m->above_count, b);
    for (uint32_t i = 0; i < m->zone_count; i++) {
        struct model_zone *z = &m->zones[i];
        if (z->settings.classless && !z->settings.no_cnames)
            find_broken_zone(m, i, b);
        z->settings.no_cnames |= b->zones[i + 1];
        z->place = (struct model_place){0};
    }
    m->record_count = keep_one_of_two(m->records, m->record_count, b);
    m->above_count = keep_one_of_two(m->above, m->above_count, b);
    return drop_broken(m, b->delegations);
}

int store_settle_made(struct model *m)
{
    struct broken b = {.zones = calloc((size_t)m->zone_count + 1, sizeof *b.zones)};
    b.delegations = calloc((size_t)m->delegation_count + 1, sizeof *b.delegations);
    int err = b.zones && b.delegations ? settle(m, &b) : PTRD_ENOMEM;
    table_free(b.cuts);
    free(b.zones);
    free(b.delegations);
    return err;
}
