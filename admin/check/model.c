#include "ptrd/check/model.h"

#include "lookup.h"
#include "ptrd/core/proof.h"
#include "target.h"

#include <stdio.h>
#include <string.h>

static int refuse_at(const struct model *m, const struct model_place *place, struct diag *diag)
{
    diag->file = m->file_count ? m->files[place->file] : NULL;
    diag->line = place->line;
    diag->column = place->column;
    return PTRD_ECONFLICT;
}

/* --- the table -------------------------------------------------------------------------------- */

static int add_zones(const struct model *m, struct table_builder *b, struct diag *diag)
{
    for (uint32_t i = 0; i < m->zone_count; i++) {
        const struct model_zone *z = &m->zones[i];
        int err = table_add_zone(b, &z->apex, i + 1, z->settings.forward_auto, NULL, i);
        if (err < 0)
            return diag_set(diag, err, "%s", ptrd_strerror(err));
    }
    return 0;
}

static int add_blocks(const struct model *m, struct table_builder *b, struct diag *diag)
{
    for (uint32_t i = 0; i < m->block_count; i++) {
        const struct model_block *k = &m->blocks[i];
        int err = table_add_block(b, &k->range, k->text, k->vars, k->var_count, k->ttl_s, k->flags,
                                  i, diag);
        if (err < 0) {
            (void)refuse_at(m, &k->name_place, diag);
            return err;
        }
    }
    return 0;
}

static int build_table(const struct model *m, struct table **out, struct diag *diag)
{
    struct table_builder *b;
    uint32_t conflict[2] = {0, 0};
    int err = table_builder_new(&b);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    err = add_zones(m, b, diag);
    if (err == 0)
        err = add_blocks(m, b, diag);
    if (err == 0) {
        err = table_finish(b, out, conflict, diag);
        if (err == PTRD_ECONFLICT && conflict[1] < m->block_count) {
            const struct model_place *other = &m->blocks[conflict[0]].place;
            size_t used = strlen(diag->message);
            snprintf(diag->message + used, sizeof diag->message - used,
                     " (the other is in line %u)", other->line);
            (void)refuse_at(m, &m->blocks[conflict[1]].place, diag);
        }
    }
    table_builder_free(b);
    return err;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* The first address of the block, from `at` on, that no reverse zone of ours holds; PTRD_ABSENT
 * when there is none. */
static int find_unserved(const struct table *t, const struct range *range, struct addr *out)
{
    u128 at = range->first;
    for (;;) {
        struct addr addr = {.num = at, .family = range->family};
        struct arpa arpa;
        struct name name;
        arpa_name(&addr, &name);
        const struct zone *z = table_zone_for(t, &name);
        if (z)
            arpa_parse(&z->apex, &arpa);
        if (!z || arpa.kind == ARPA_NONE || arpa.kind == ARPA_BELOW) {
            *out = addr;
            return PTRD_FOUND;
        }
        struct range held = range_of_prefix(&arpa.prefix);
        if (held.last >= range->last)
            return PTRD_ABSENT;
        at = held.last + 1;
    }
}

static int check_block(const struct model *m, const struct table *t, const struct block *b,
                       struct diag *diag)
{
    const struct model_block *k = &m->blocks[b->ref];
    char range[RANGE_TEXT_SIZE], address[ADDR_TEXT_SIZE];
    struct addr unserved;
    range_print(&b->range, range);
    if (!(b->flags & BLOCK_REVERSE_EXTERNAL) &&
        find_unserved(t, &b->range, &unserved) == PTRD_FOUND) {
        addr_print(&unserved, address);
        diag_set(
            diag, PTRD_ECONFLICT,
            "block %s: no reverse zone of `zones:` holds %s; add `- prefix: %s` to `zones:` or "
            "say `reverse: external`",
            range, address, range);
        return refuse_at(m, &k->place, diag);
    }
    if (!b->template)
        return 0;
    struct diag why = {.file = NULL};
    int err = proof_block(b->template, &b->range, &why);
    if (err < 0) {
        diag_set(diag, err, "template `%s` of block %s: %s", k->text, range, why.message);
        (void)refuse_at(m, &k->name_place, diag);
        return err;
    }
    struct addr outside;
    if (b->flags & BLOCK_FORWARD_EXTERNAL ||
        target_outside(t, b->template, &b->range, &outside) == PTRD_ABSENT)
        return 0;
    struct name name;
    char text[NAME_TEXT_SIZE] = "";
    addr_print(&outside, address);
    if (template_generate(b->template, outside.num, &name) == 0)
        name_print(&name, text);
    diag_set(
        diag, PTRD_ECONFLICT,
        "template `%s` of block %s: the name `%s` of %s lies in no forward zone of `zones:`; add "
        "that zone or say `forward: external`",
        k->text, range, text, address);
    return refuse_at(m, &k->name_place, diag);
}

static int check_collisions(const struct model *m, const struct table *t, struct diag *diag)
{
    struct proof_collision c;
    int found = proof_collision(t, &c);
    if (found == PTRD_ABSENT)
        return 0;
    if (found < 0 && found != PTRD_ELIMIT)
        return diag_set(diag, found, "%s", ptrd_strerror(found));
    /* The refusal stands at the block that was written later. */
    if (m->blocks[c.block_a].place.line > m->blocks[c.block_b].place.line) {
        uint32_t later = c.block_a;
        struct addr address = c.a;
        c.block_a = c.block_b;
        c.block_b = later;
        c.a = c.b;
        c.b = address;
    }
    const struct model_block *one = &m->blocks[c.block_a], *two = &m->blocks[c.block_b];
    char range_one[RANGE_TEXT_SIZE], range_two[RANGE_TEXT_SIZE];
    range_print(&one->range, range_one);
    range_print(&two->range, range_two);
    if (found == PTRD_ELIMIT) {
        diag_set(diag, found,
                 "templates `%s` of block %s and `%s` of block %s (line %u): the proof that they "
                 "never give one name was given up; make their fixed parts differ",
                 two->text, range_two, one->text, range_one, one->place.line);
    } else {
        char a[ADDR_TEXT_SIZE], b[ADDR_TEXT_SIZE], name[NAME_TEXT_SIZE];
        addr_print(&c.a, a);
        addr_print(&c.b, b);
        name_print(&c.name, name);
        diag_set(diag, PTRD_ECONFLICT,
                 "collision: `%s` is the name of %s (block %s, line %u) and of %s (block %s)%s",
                 name, a, range_one, one->place.line, b, range_two,
                 c.a.family != c.b.family ? "; `shared_names: yes` in both blocks allows that"
                                          : "");
    }
    (void)refuse_at(m, &two->name_place, diag);
    return found < 0 ? found : PTRD_ECONFLICT;
}

static int check_blocks(const struct model *m, const struct table *t, struct diag *diag)
{
    const struct block_set *sets[2] = {&t->v4, &t->v6};
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t k = 0; k < sets[i]->count; k++) {
            int err = check_block(m, t, &sets[i]->blocks[k], diag);
            if (err < 0)
                return err;
        }
    return check_collisions(m, t, diag);
}

/* --- records and PTRs ------------------------------------------------------------------------- */

/* Nothing may stand beside a CNAME (RFC 1034 3.6.2, RFC 2181 10.1). */
static int check_cname(const struct model *m, const struct table *t, uint32_t i, struct diag *diag)
{
    const struct model_record *r = &m->records[i];
    char name[NAME_TEXT_SIZE];
    struct arpa arpa;
    uint32_t first;
    name_print(&r->owner, name);
    const struct zone *z = table_zone_for(t, &r->owner);
    if (z && name_equal(&z->apex, &r->owner)) {
        diag_set(diag, PTRD_ECONFLICT,
                 "%s CNAME: the apex of a zone has SOA and NS and cannot be "
                 "an alias",
                 name);
        return refuse_at(m, &r->place, diag);
    }
    if (lookup_records(m, &r->owner, RRTYPE_ANY, &first) > 1) {
        const struct model_record *other = &m->records[first == i ? i + 1 : first];
        diag_set(diag, PTRD_ECONFLICT, "%s CNAME: other records stand at this name (line %u)", name,
                 other->place.line);
        return refuse_at(m, &r->place, diag);
    }
    arpa_parse(&r->owner, &arpa);
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    if (arpa.kind == ARPA_FULL && lookup_ptrs(m, &addr, &first)) {
        diag_set(diag, PTRD_ECONFLICT, "%s CNAME: this address has an explicit PTR (line %u)", name,
                 m->ptrs[first].line);
        return refuse_at(m, &r->place, diag);
    }
    return 0;
}

static int check_records(const struct model *m, const struct table *t, struct diag *diag)
{
    for (uint32_t i = 0; i < m->record_count; i++) {
        int err = m->records[i].type == RRTYPE_CNAME ? check_cname(m, t, i, diag) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

static int check_ptrs(const struct model *m, const struct table *t, struct diag *diag)
{
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        const struct model_ptr *p = &m->ptrs[i];
        struct addr addr = {.num = p->num, .family = (enum family)p->family};
        struct name name;
        arpa_name(&addr, &name);
        const struct zone *z = table_zone_for(t, &name);
        if (z && z->reverse)
            continue;
        char text[ADDR_TEXT_SIZE];
        addr_print(&addr, text);
        struct model_place place = {.line = p->line, .column = p->column, .file = p->file};
        diag_set(diag, PTRD_ECONFLICT,
                 "PTR of %s: no reverse zone of `zones:` holds this address, so nobody would see "
                 "it; add one "
                 "(`- prefix: ...`) or leave the PTR out",
                 text);
        return refuse_at(m, &place, diag);
    }
    return 0;
}

int check_model(const struct model *m, struct table **out, struct diag *diag)
{
    struct table *t = NULL;
    int err = build_table(m, &t, diag);
    if (err == 0)
        err = check_blocks(m, t, diag);
    if (err == 0)
        err = check_records(m, t, diag);
    if (err == 0)
        err = check_ptrs(m, t, diag);
    if (err < 0) {
        table_free(t);
        return err;
    }
    *out = t;
    return 0;
}
