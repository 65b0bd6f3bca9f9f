/* What local rows make of a change of the source. Digests are of the model alone, but the same
 * local rows can say something else once zones, blocks or the source's rows around them are others:
 * a PTR gets a home, or its target a zone; a cut becomes an apex; a CNAME is no longer at an
 * address's name. What such rows can have to do with is asked in the state before and in the one
 * that is being written: the names of the rows, the names that they lead to, and the addresses of
 * name servers; of the blocks, what their addresses generate in force. */
#include "load_p.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"
#include "ptrd/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

struct effects {
    struct loader *l;
    struct store_reader *committed, *writer;
    struct table *before, *after;
    struct differ differ;
    struct name last; /* asked last: rows of one name follow each other */
};

/* --- one name --------------------------------------------------------------------------------- */

static int ask(struct effects *e, const struct name *name)
{
    const struct table *t = e->after;
    if (name_equal(&e->last, name))
        return 0;
    e->last = *name;
    uint32_t i = zone_index(t, table_zone_for(t, name));
    for (; i != TABLE_NONE; i = t->zones[i].parent) {
        struct load_zone *z = &e->l->zones[i];
        if (z->differs || !z->present) /* a zone that comes is raised anyway */
            continue;
        int differs = resolve_differs(&e->differ, name, t->zones[i].id);
        if (differs < 0)
            return differs;
        z->differs = differs == PTRD_FOUND;
    }
    return 0;
}

/* --- local rows ------------------------------------------------------------------------------- */

/* The servers of a cut: zones above show their addresses. */
static int ask_servers(struct effects *e, const struct name *cut, struct span value)
{
    struct store_rrset set;
    struct span text;
    struct name target;
    size_t at = 0;
    int err = store_read_rrset(value, &set);
    while (!err && store_next_content(set.contents, &at, &text) == PTRD_FOUND) {
        int found = rdata_target(RRTYPE_NS, (const char *)text.bytes, text.len, &target);
        err = found < 0 ? found : 0;
        if (found == PTRD_FOUND && name_within(&target, cut))
            err = ask(e, &target);
    }
    return err;
}

static int record_ask(struct effects *e, struct span key, struct span value)
{
    struct name owner;
    uint16_t type;
    int err = store_read_key_rrset(key, &owner, &type);
    if (!err)
        err = ask(e, &owner);
    return err || type != RRTYPE_NS ? err : ask_servers(e, &owner, value);
}

/* Its names before and now, and the names that it gives the address. */
static int ptr_ask(struct effects *e, struct span key, struct span value)
{
    struct addr addr;
    struct store_ptr row;
    struct span wire;
    struct name name;
    size_t at = 0;
    int err = store_read_key_addr(key, &addr);
    if (!err)
        err = store_read_ptr(value, &row);
    if (err)
        return err;
    table_reverse_name(e->before, &addr, &name);
    err = ask(e, &name);
    table_reverse_name(e->after, &addr, &name);
    if (!err)
        err = ask(e, &name);
    while (!err && store_next_name(row.names, &at, &wire) == PTRD_FOUND) {
        err = name_from_wire(wire.bytes, wire.len, &name);
        if (!err)
            err = ask(e, &name);
    }
    return err;
}

/* DS of its keys, which the zone above shows: metadata and NS of the source decide about them. */
static int key_ask(struct effects *e, struct span key, struct span value)
{
    uint32_t zone_id, key_id;
    int err = store_read_key_key(key, &zone_id, &key_id);
    (void)value;
    if (err)
        return err;
    const struct zone *was = table_zone_by_id(e->before, zone_id);
    const struct zone *is = table_zone_by_id(e->after, zone_id);
    return was || is ? ask(e, &(was ? was : is)->apex) : 0;
}

static int each_row(struct effects *e, enum store_table table,
                    int (*fn)(struct effects *, struct span, struct span))
{
    struct span key, value;
    int found = store_seek(e->committed, table, (struct span){0}, &key, &value);
    while (found == PTRD_FOUND) {
        int err = fn(e, key, value);
        if (err)
            return err;
        found = store_next(e->committed, table, &key, &value);
    }
    return found;
}

static int ask_rows(struct effects *e)
{
    int err = each_row(e, STORE_LOCAL_RECORDS, record_ask);
    if (!err)
        err = each_row(e, STORE_LOCAL_ABOVE, record_ask);
    if (!err)
        err = each_row(e, STORE_LOCAL_PTRS, ptr_ask);
    if (!err)
        err = each_row(e, STORE_KEYS, key_ask);
    for (uint32_t i = 0; !err && i < e->l->glue.count; i++)
        err = ask(e, &e->l->glue.items[i].target);
    return err;
}

/* --- what addresses generate ------------------------------------------------------------------ */

static void compare_generated(struct effects *e, uint8_t (*before)[32], uint8_t (*after)[32])
{
    for (uint32_t i = 0; i < e->after->zone_count; i++) {
        const struct name *apex = &e->after->zones[i].apex;
        const struct zone *was = table_zone_for(e->before, apex);
        if (was && name_equal(&was->apex, apex) &&
            memcmp(before[zone_index(e->before, was)], after[i], 32) != 0)
            e->l->zones[i].differs = true;
    }
}

/* Only cuts keep addresses from generating, and only local ones are not in the model. */
static int ask_generated(struct effects *e)
{
    uint8_t(*before)[32] = NULL, (*after)[32] = NULL;
    if (!e->l->local_cuts.count)
        return 0;
    int err = digest_generated(e->before, &before);
    if (!err)
        err = digest_generated(e->after, &after);
    if (!err)
        compare_generated(e, before, after);
    free(before);
    free(after);
    return err;
}

/* --- both states ------------------------------------------------------------------------------ */

/* The serials follow later, but a table needs the ids. */
static int write_ids(struct loader *l)
{
    int err = 0;
    for (uint32_t i = 0; !err && i < l->m->zone_count; i++) {
        if (l->zones[i].known)
            continue;
        err = store_key_name(&l->m->zones[i].apex, &l->key);
        if (!err)
            err = store_write_zone_id(&l->zones[i].row, &l->value);
        if (!err)
            err = store_put(l->w, STORE_ZONE_IDS, span_of(&l->key), span_of(&l->value));
    }
    return err;
}

/* The store is as it was for everybody but the writer until that commits; a new one that takes
 * another's place is compared with that. */
static int open_states(struct effects *e)
{
    struct store_meta meta;
    int err = write_ids(e->l);
    if (!err)
        err = store_reader_new(e->l->keep ? e->l->keep : e->l->store, &e->committed);
    if (!err)
        err = store_read_begin(e->committed, &meta);
    if (!err)
        err = store_reader_of_writer(e->l->w, &e->writer);
    if (!err)
        err = store_read_begin(e->writer, &meta);
    if (!err && !e->l->keep &&
        store_reader_environment(e->committed) != store_reader_environment(e->writer))
        err = PTRD_EBUSY; /* the store was exchanged at this moment */
    if (!err)
        err = snapshot_table(e->committed, &e->before);
    if (!err)
        err = snapshot_table(e->writer, &e->after);
    if (!err && e->after->zone_count != e->l->t->zone_count)
        err = PTRD_EINVAL;
    e->differ.was = (struct snapshot){.reader = e->committed, .table = e->before};
    e->differ.is = (struct snapshot){.reader = e->writer, .table = e->after};
    return err;
}

int effects_find(struct loader *l)
{
    struct effects e = {.l = l};
    if (!l->has_local)
        return 0;
    answer_init(&e.differ.before);
    answer_init(&e.differ.after);
    int err = open_states(&e);
    if (!err)
        err = ask_rows(&e);
    if (!err)
        err = ask_generated(&e);
    answer_done(&e.differ.before);
    answer_done(&e.differ.after);
    table_free(e.before);
    table_free(e.after);
    store_reader_free(e.writer);
    store_reader_free(e.committed);
    return err;
}
