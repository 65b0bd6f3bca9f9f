/* Entries -> model, by the readers of the zones file: the same values are refused with the same
 * words. A row that is refused takes its next form, and the others stand. */
#include "pg_p.h"

#include "file_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a row is found again from a place in the model: its file is "postgresql:RELATION", its line
 * the low octets of its id. */
static const char *const files[PG_RELATIONS] = {
    [PG_ZONE] = "postgresql:zone",
    [PG_RECORD] = "postgresql:record",
    [PG_BLOCK] = "postgresql:block",
    [PG_DELEGATION] = "postgresql:delegation",
};

const char *pg_entry_text(const struct pg_entry *e)
{
    return e->form == PG_AS_IS ? e->text : e->form == PG_LAST_VALID ? e->valid : NULL;
}

/* --- forms ------------------------------------------------------------------------------------ */

static enum pg_form next_form(const struct pg_entry *e)
{
    bool addressed = e->relation == PG_BLOCK || e->relation == PG_DELEGATION;
    if (e->form == PG_AS_IS && e->valid && strcmp(e->valid, e->text) != 0)
        return PG_LAST_VALID;
    return e->form < PG_NONE && addressed ? PG_NONE : PG_OUT;
}

/* Places of other rows are said as lines where a file is read. */
static char *reason_of(const char *why)
{
    char *reason = strdup(why), *at = reason;
    while (at && (at = strstr(at, "line "))) {
        memcpy(at, "row ", 4);
        at += 4;
        memmove(at, at + 1, strlen(at + 1) + 1);
    }
    return reason;
}

static int take_next_form(struct pg_entry *e, const char *why)
{
    if (!e->reason && !(e->reason = reason_of(why)))
        return PTRD_ENOMEM;
    e->form = next_form(e);
    return 0;
}

/* --- one row ---------------------------------------------------------------------------------- */

static int read_one_record(struct source *s, const struct conf_node *node, const struct pg_entry *e)
{
    const struct conf_node *apex_ns;
    struct name apex;
    int err = name_parse(e->zone, strlen(e->zone), &apex, s->diag);
    return err < 0 ? err : source_read_record(s, node, &apex, e->ttl_s, &apex_ns);
}

static int read_one_zone(struct source *s, const struct conf_node *node, const struct pg_entry *e)
{
    uint32_t first = s->m->zone_count;
    int err = source_read_zone(s, node);
    for (; !err && first < s->m->zone_count; first++) {
        s->m->zones[first].has_serial = true;
        s->m->zones[first].serial = e->serial;
    }
    return err;
}

static int read_entry(struct source *s, const struct conf_node *node, const struct pg_entry *e)
{
    switch (e->relation) {
    case PG_ZONE:
        return read_one_zone(s, node, e);
    case PG_RECORD:
        return read_one_record(s, node, e);
    case PG_BLOCK:
        return source_read_block(s, node);
    default:
        return source_read_delegation(s, node);
    }
}

struct counts {
    uint32_t zones, blocks, records, delegations;
};

static struct counts count_rows(const struct model *m)
{
    return (struct counts){m->zone_count, m->block_count, m->record_count, m->delegation_count};
}

/* What a row that is refused left behind. */
static void uncount_rows(struct model *m, struct counts c)
{
    m->zone_count = c.zones;
    m->block_count = c.blocks;
    m->record_count = c.records;
    m->delegation_count = c.delegations;
}

static int read_text(struct source *s, const struct pg_entry *e, const char *text)
{
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct counts before = count_rows(s->m);
    int err = conf_parse(files[e->relation], text, strlen(text), &doc, &root, s->diag);
    if (!err)
        err = read_entry(s, root, e);
    conf_free(doc);
    if (err)
        uncount_rows(s->m, before);
    return err;
}

/* Its addresses answer as if nobody had a template for them. */
static int read_none(struct source *s, const struct pg_entry *e)
{
    struct pg_entry block = {.relation = PG_BLOCK};
    char text[256];
    (void)snprintf(text, sizeof text,
                   "{\"%s\": \"%s\", \"name\": \"none\", \"reverse\": \"external\"}",
                   strchr(e->addresses, '/') ? "prefix" : "range", e->addresses);
    return read_text(s, &block, text);
}

static bool for_all_rows(int err)
{
    return err == PTRD_ENOMEM || err == PTRD_ELIMIT;
}

static int read_row(struct source *s, struct pg_entry *e)
{
    for (;;) {
        const char *text = pg_entry_text(e);
        if (e->form == PG_OUT)
            return 0;
        s->diag->message[0] = '\0';
        int err = text ? read_text(s, e, text) : read_none(s, e);
        if (!err || for_all_rows(err))
            return err;
        err = take_next_form(e, s->diag->message);
        if (err)
            return source_no_memory(s);
    }
}

/* --- the model -------------------------------------------------------------------------------- */

static uint32_t line_of(const struct pg_entry *e)
{
    return (uint32_t)strtoull(e->id, NULL, 10);
}

static int read_rows(struct source *s, struct pg_entries *e)
{
    int err = 0;
    for (size_t i = 0; !err && i < e->count; i++) {
        int file = model_add_file(s->m, files[e->items[i].relation]);
        if (file < 0)
            return source_no_memory(s);
        s->file = (uint16_t)file;
        s->row = line_of(&e->items[i]);
        err = read_row(s, &e->items[i]);
    }
    s->diag->line = s->diag->column = 0;
    return err;
}

int pg_model(struct pg_entries *e, const char *dir, size_t memory, struct model **out,
             struct diag *diag)
{
    struct source s = {.diag = diag, .path = "postgresql", .defaults = {.ttl_s = TTL_DEFAULT}};
    *out = NULL;
    *diag = (struct diag){.file = NULL};
    if (model_new(&s.m) < 0)
        return source_no_memory(&s);
    *out = s.m;
    s.m->source = SOURCE_POSTGRES;
    if (dir && model_spill_into(s.m, dir, memory) < 0)
        return source_no_memory(&s);
    int err = read_rows(&s, e);
    return err ? err : model_expand(s.m, diag);
}

static int relation_of(const char *file)
{
    for (int i = 0; file && i < PG_RELATIONS; i++)
        if (strcmp(file, files[i]) == 0)
            return i;
    return PG_RELATIONS;
}

/* Rows stand by relation, then id; ids beyond 32 bits come behind and are found one by one. */
static struct pg_entry *find_entry(struct pg_entries *e, int relation, uint32_t line)
{
    size_t low = 0, high = e->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct pg_entry *at = &e->items[middle];
        bool before = (int)at->relation != relation ? (int)at->relation < relation
                                                    : strtoull(at->id, NULL, 10) < line;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < e->count && (int)e->items[low].relation == relation; low++)
        if (line_of(&e->items[low]) == line)
            return &e->items[low];
    return NULL;
}

int pg_blame(struct pg_entries *e, const struct diag *diag)
{
    struct pg_entry *row = find_entry(e, relation_of(diag->file), diag->line);
    if (!row || row->form == PG_OUT)
        return PTRD_ABSENT;
    int err = take_next_form(row, diag->message);
    return err ? err : PTRD_FOUND;
}
