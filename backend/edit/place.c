#include "edit_p.h"

#include <stdio.h>

void print_name(const struct name *name, char out[NAME_SHOWN_SIZE])
{
    char text[NAME_TEXT_SIZE];
    size_t len = name_print(name, text);
    snprintf(out, NAME_SHOWN_SIZE, "%.256s%s", text, len > 256 ? "..." : "");
}

void print_subject(const struct name *owner, uint16_t type, char out[SUBJECT_SIZE])
{
    char name[NAME_SHOWN_SIZE], text[RRTYPE_TEXT_SIZE];
    print_name(owner, name);
    rrtype_print(type, text);
    snprintf(out, SUBJECT_SIZE, "%s %s", name, text);
}

/* --- the zone --------------------------------------------------------------------------------- */

static int find_zones(struct edit *e, int64_t zone_id, const struct name *owner, uint16_t type,
                      const struct zone **own, const struct zone **asked, struct diag *diag)
{
    char subject[SUBJECT_SIZE], apex[NAME_SHOWN_SIZE];
    print_subject(owner, type, subject);
    *own = *asked = table_zone_for(e->before, owner);
    if (zone_id > 0) {
        *asked = zone_id <= INT32_MAX ? table_zone_by_id(e->before, (uint32_t)zone_id) : NULL;
        if (!*asked)
            return diag_set(diag, PTRD_EINVAL, "%s: no zone has the id %lld", subject,
                            (long long)zone_id);
        print_name(&(*asked)->apex, apex);
        if (!name_within(owner, &(*asked)->apex))
            return diag_set(diag, PTRD_EINVAL, "%s: the name lies outside the zone %s", subject,
                            apex);
    }
    return *own ? 0 : diag_set(diag, PTRD_EINVAL, "%s: the name lies in no zone of ours", subject);
}

bool place_is_ptr(const struct table *t, const struct zone *zone, const struct name *owner,
                  struct addr *out)
{
    struct arpa arpa;
    if (zone && !zone->reverse)
        return false;
    if (zone)
        table_reverse_parse(t, zone, owner, &arpa);
    else
        arpa_parse(owner, &arpa);
    if (arpa.kind != ARPA_FULL)
        return false;
    *out = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    return table_home(t, out) == zone;
}

/* --- in the name's own zone ------------------------------------------------------------------- */

static int place_above(struct edit *e, const struct zone *asked, const struct zone *own,
                       bool deletes, struct place_kept *out, struct diag *diag);

static int place_own(struct edit *e, const struct zone *zone, bool deletes, struct place_kept *out,
                     struct diag *diag)
{
    const struct table *t = e->before;
    bool apex = name_equal(&out->owner, &zone->apex);
    char subject[SUBJECT_SIZE], shown[NAME_SHOWN_SIZE];
    print_subject(&out->owner, out->type, subject);
    if (out->type == RRTYPE_DS && apex) {
        if (zone->parent != TABLE_NONE)
            return place_above(e, &t->zones[zone->parent], zone, deletes, out, diag);
        return deletes ? PTRD_ABSENT
                       : diag_set(diag, PTRD_EINVAL,
                                  "%s: the DS of a zone belongs into the zone above it, which is "
                                  "none of ours",
                                  subject);
    }
    if (out->type == RRTYPE_SOA && !apex) {
        print_name(&zone->apex, shown);
        return deletes ? PTRD_ABSENT
                       : diag_set(diag, PTRD_EINVAL,
                                  "%s: the SOA of the zone stands at its apex %s", subject, shown);
    }
    out->zone = zone;
    out->local = STORE_LOCAL_RECORDS;
    if (out->type == RRTYPE_PTR && place_is_ptr(t, zone, &out->owner, &out->addr))
        out->local = STORE_LOCAL_PTRS;
    out->source = place_source(out->local);
    return PTRD_FOUND;
}

/* --- in a zone of ours inside the zone asked -------------------------------------------------- */

static int place_above(struct edit *e, const struct zone *asked, const struct zone *own,
                       bool deletes, struct place_kept *out, struct diag *diag)
{
    const struct table *t = e->before;
    const struct zone *child = own;
    while (child->parent != TABLE_NONE && &t->zones[child->parent] != asked)
        child = &t->zones[child->parent];
    bool at_apex = name_equal(&out->owner, &child->apex);
    bool of_cut = (out->type == RRTYPE_NS || out->type == RRTYPE_DS) && at_apex;
    bool glue = out->type == RRTYPE_A || out->type == RRTYPE_AAAA;
    out->zone = asked;
    out->local = STORE_LOCAL_ABOVE;
    out->source = STORE_ABOVE;
    /* what is kept of a name is that of the zone directly above its own */
    if (own == child && (of_cut || glue || out->type == RRTYPE_ANY))
        return PTRD_FOUND;
    if (deletes || *zone_marks(e, asked) & ZONE_FED)
        return PTRD_ABSENT;
    char subject[SUBJECT_SIZE], inner[NAME_SHOWN_SIZE], outer[NAME_SHOWN_SIZE];
    print_subject(&out->owner, out->type, subject);
    print_name(&child->apex, inner);
    print_name(&asked->apex, outer);
    return diag_set(diag, PTRD_EINVAL,
                    "%s: the name lies in the zone %s of ours; %s can hold the NS and DS of that "
                    "zone, and addresses (A, AAAA) at or below it",
                    subject, inner, outer);
}

int place_find(struct edit *e, int64_t zone_id, const struct name *owner, uint16_t type,
               bool deletes, struct place_kept *out, struct diag *diag)
{
    const struct zone *own, *asked;
    int err = find_zones(e, zone_id, owner, type, &own, &asked, diag);
    if (err < 0)
        return err;
    *out = (struct place_kept){.owner = *owner, .type = type};
    return own == asked ? place_own(e, own, deletes, out, diag)
                        : place_above(e, asked, own, deletes, out, diag);
}

/* --- keys ------------------------------------------------------------------------------------- */

enum store_table place_source(enum store_table local)
{
    switch (local) {
    case STORE_LOCAL_RECORDS:
        return STORE_RECORDS;
    case STORE_LOCAL_PTRS:
        return STORE_PTRS;
    case STORE_LOCAL_ABOVE:
        return STORE_ABOVE;
    case STORE_LOCAL_METADATA:
        return STORE_METADATA;
    default:
        return local; /* no source has it */
    }
}

int place_key(const struct place_kept *p, struct store_buf *buf)
{
    return p->local == STORE_LOCAL_PTRS ? store_key_addr(&p->addr, buf)
                                        : store_key_rrset(&p->owner, p->type, buf);
}

int place_of_key(const struct table *t, enum store_table local, struct span key,
                 struct place_kept *out)
{
    *out = (struct place_kept){.local = local, .source = place_source(local), .type = RRTYPE_PTR};
    if (local == STORE_LOCAL_PTRS) {
        int err = store_read_key_addr(key, &out->addr);
        if (err < 0)
            return err;
        table_reverse_name(t, &out->addr, &out->owner);
        out->zone = table_home(t, &out->addr);
        return 0;
    }
    int err = store_read_key_rrset(key, &out->owner, &out->type);
    if (err < 0)
        return err;
    out->zone = table_zone_for(t, &out->owner);
    if (local == STORE_LOCAL_ABOVE && out->zone)
        out->zone = out->zone->parent == TABLE_NONE ? NULL : &t->zones[out->zone->parent];
    return 0;
}
