#include "ptrd/check/model.h"

#include "ptrd/core/proof.h"
#include "ptrd/core/rrtype.h"
#include "records.h"
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

static int add_zones(const struct model *m, struct table_builder *b, struct diag *diag)
{
    int err = model_put_zones(m, b);
    if (err == 0)
        err = model_put_cuts(m, b);
    for (uint32_t i = 0; i < m->delegation_count && err == 0; i++) {
        const struct model_delegation *d = &m->delegations[i];
        if (d->child.len)
            err = table_add_delegated(b, &d->prefix, &d->child);
    }
    return err < 0 ? diag_set(diag, err, "%s", ptrd_strerror(err)) : 0;
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

/* The addresses around a that have their PTRs in one zone; false when that is none of ours. */
static bool held_range(const struct table *t, const struct addr *a, struct range *out)
{
    const struct zone *home = table_home(t, a);
    struct arpa arpa;
    if (!home)
        return false;
    if (home->classless) {
        *out = range_of_prefix(&home->prefix);
        return true;
    }
    arpa_parse(&home->apex, &arpa);
    if (arpa.kind == ARPA_NONE || arpa.kind == ARPA_BELOW)
        return false;
    *out = range_of_prefix(&arpa.prefix);
    return true;
}

/* The first address of the range that no reverse zone of ours holds; PTRD_ABSENT when there is
 * none. */
static int find_unserved(const struct table *t, const struct range *range, struct addr *out)
{
    struct addr at = {.num = range->first, .family = range->family};
    struct range held;
    for (;;) {
        if (!held_range(t, &at, &held)) {
            *out = at;
            return PTRD_FOUND;
        }
        if (held.last >= range->last)
            return PTRD_ABSENT;
        at.num = held.last + 1;
    }
}

static int refuse_unserved(const struct model *m, const struct block *b,
                           const struct addr *unserved, struct diag *diag)
{
    char range[RANGE_TEXT_SIZE], address[ADDR_TEXT_SIZE];
    range_print(&b->range, range);
    addr_print(unserved, address);
    return model_refuse(
        m, m->blocks[b->ref].place, diag, PTRD_ECONFLICT,
        "block %s: no reverse zone of `zones:` holds %s; add `- prefix: %s` to `zones:` or "
        "say `reverse: external`",
        range, address, range);
}

/* The name of the address would not be ours to answer. */
static int refuse_outside(const struct model *m, const struct table *t, const struct block *b,
                          const struct addr *outside, struct diag *diag)
{
    const struct model_block *k = &m->blocks[b->ref];
    char range[RANGE_TEXT_SIZE], address[ADDR_TEXT_SIZE], text[NAME_TEXT_SIZE] = "",
                                                          cut[NAME_TEXT_SIZE], line[512];
    struct name name = {.len = 1};
    range_print(&b->range, range);
    addr_print(outside, address);
    if (template_generate(b->template, outside->num, &name) == 0)
        name_print(&name, text);
    struct place at = table_place(t, &name);
    if (!at.zone || at.zone->reverse || at.rule == PLACE_FREE)
        return model_refuse(m, k->name_place, diag, PTRD_ECONFLICT,
                            "template `%s` of block %s: the name `%s` of %s lies in no forward "
                            "zone of `zones:`; add that zone or say `forward: external`",
                            k->text, range, text, address);
    const char *what = check_cut_print(m, at.cut, k->name_place, line, sizeof line);
    name_print(&at.cut->name, cut);
    return model_refuse(m, k->name_place, diag, PTRD_ECONFLICT,
                        "template `%.200s` of block %s: the name `%.200s` of %s lies %s the %s of "
                        "`%.200s`%s; give it another name or say `forward: external`",
                        k->text, range, text, address, at.rule == PLACE_AT_CUT ? "at" : "below",
                        what, cut, line);
}

static int check_block(const struct model *m, const struct table *t, struct target_index *x,
                       const struct block *b, struct diag *diag)
{
    const struct model_block *k = &m->blocks[b->ref];
    struct addr address;
    if (!(b->flags & BLOCK_REVERSE_EXTERNAL) && find_unserved(t, &b->range, &address) == PTRD_FOUND)
        return refuse_unserved(m, b, &address, diag);
    if (!b->template)
        return 0;
    struct diag why = {.file = NULL};
    int err = proof_block(b->template, &b->range, &why);
    if (err < 0) {
        char range[RANGE_TEXT_SIZE];
        range_print(&b->range, range);
        return model_refuse(m, k->name_place, diag, err, "template `%s` of block %s: %s", k->text,
                            range, why.message);
    }
    err = b->flags & BLOCK_FORWARD_EXTERNAL ? PTRD_ABSENT : target_outside(x, b, &address);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    return err == PTRD_ABSENT ? 0 : refuse_outside(m, t, b, &address, diag);
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

static int check_blocks(const struct model *m, const struct table *t, struct check_sink *sink,
                        struct diag *diag)
{
    const struct block_set *sets[2] = {&t->v4, &t->v6};
    struct target_index *x;
    int err = target_index_new(t, &x);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t k = 0; k < sets[i]->count && err == 0; k++)
            err = check_sink(sink, check_block(m, t, x, &sets[i]->blocks[k], diag), diag);
    target_index_free(x);
    /* blocks that are refused are no part of what is compared */
    return err == 0 && !sink->err ? check_collisions(m, t, diag) : err;
}

static int check_all(const struct model *m, struct table **out, struct check_sink *sink,
                     struct diag *diag)
{
    struct table *t = NULL;
    int err = build_table(m, &t, diag);
    if (err == 0)
        err = check_blocks(m, t, sink, diag);
    if (err == 0)
        err = check_ptrs(m, t, diag);
    if (err == 0)
        err = check_records(m, t, sink, diag);
    if (err == 0 && sink->err) {
        *diag = sink->first;
        err = sink->err;
    }
    if (err < 0) {
        table_free(t);
        return err;
    }
    *out = t;
    return 0;
}

int check_model(const struct model *m, struct table **out, struct diag *diag)
{
    struct check_sink sink = {.fn = NULL};
    return check_all(m, out, &sink, diag);
}

int check_model_each(const struct model *m, struct table **out, check_refused_fn *fn, void *ctx,
                     struct diag *diag)
{
    struct check_sink sink = {.fn = fn, .ctx = ctx};
    return check_all(m, out, &sink, diag);
}
