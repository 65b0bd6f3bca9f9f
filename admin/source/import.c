/* An import as a whole: its memory, its notes, and what zones hide from each other. */
#include "import_p.h"

#include "ptrd/core/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int source_import_new(source_note_fn *note, void *note_ctx, struct source_import **out)
{
    struct source_import *i = calloc(1, sizeof *i);
    if (!i)
        return PTRD_ENOMEM;
    i->note = note;
    i->note_ctx = note_ctx;
    int r = model_new(&i->m);
    if (r < 0) {
        free(i);
        return r;
    }
    *out = i;
    return 0;
}

void source_import_free(struct source_import *i)
{
    if (!i)
        return;
    model_free(i->m);
    free(i->file_zone);
    free(i->generates);
    free(i);
}

int import_no_memory(struct diag *diag)
{
    return diag_set(diag, PTRD_ENOMEM, "no memory for what the file holds");
}

void import_note(struct source_import *i, struct model_place place, const char *format, ...)
{
    struct diag note = {.line = place.line, .column = place.column};
    va_list args;
    if (!i->note)
        return;
    note.file = place.file < i->m->file_count ? i->m->files[place.file] : NULL;
    va_start(args, format);
    (void)vsnprintf(note.message, sizeof note.message, format, args);
    va_end(args);
    i->note(i->note_ctx, &note);
}

int import_add_file(struct source_import *i, const char *path, uint32_t zone, struct diag *diag)
{
    int file = model_append_file(i->m, path);
    if (file == PTRD_ELIMIT)
        return diag_set(diag, file, "more than %u files", MODEL_FILES_TOP);
    if (file < 0)
        return import_no_memory(diag);
    if (i->file_zone_count == i->file_zone_capacity) {
        uint32_t capacity = i->file_zone_capacity ? i->file_zone_capacity * 2 : 64;
        uint32_t *grown = realloc(i->file_zone, capacity * sizeof *grown);
        if (!grown)
            return import_no_memory(diag);
        i->file_zone = grown;
        i->file_zone_capacity = capacity;
    }
    i->file_zone[i->file_zone_count++] = zone;
    return file;
}

int source_import_zone(struct source_import *i, const char *path, const struct name *origin,
                       source_progress_fn *progress, void *progress_ctx, struct diag *diag)
{
    *diag = (struct diag){.file = NULL};
    i->progress = progress;
    i->progress_ctx = progress_ctx;
    int r = import_read_zone(i, path, origin, NULL, diag);
    i->progress = NULL;
    return r;
}

/* --- what zones and cuts hide ------------------------------------------------------------------
 */

/* The cuts and DNAMEs that a zone's own file has inside it; those of a zone above are its own. */
static int add_cuts(const struct source_import *i, const struct table *zones,
                    struct table_builder *b)
{
    int err = 0;
    for (uint32_t k = 0; k < i->m->record_count && err == 0; k++) {
        const struct model_record *r = &i->m->records[k];
        if ((r->type != RRTYPE_NS && r->type != RRTYPE_DNAME) || name_is_wildcard(&r->owner))
            continue;
        const struct zone *own = table_zone_for(zones, &r->owner);
        if (own && name_equal(&own->apex, &r->in))
            err = table_add_cut(b, &r->owner, r->type == RRTYPE_NS ? CUT_NS : CUT_DNAME);
    }
    return err;
}

static int build_table(const struct source_import *i, const struct table *zones, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    err = model_put_zones(i->m, b);
    if (err == 0 && zones)
        err = add_cuts(i, zones, b);
    if (err == 0)
        err = table_finish(b, out, NULL, NULL);
    table_builder_free(b);
    return err;
}

/* The topmost zone of ours below the zone `in`, on the way to own. */
static const struct zone *delegated(const struct table *t, const struct zone *own,
                                    const struct name *in)
{
    while (own->parent != TABLE_NONE && !name_equal(&t->zones[own->parent].apex, in))
        own = &t->zones[own->parent];
    return own;
}

/* What a zone's file may hold at or below the apex of another zone of ours (model_expand). */
static bool kept_above(const struct model_record *r, const struct zone *inner)
{
    if (r->type == RRTYPE_A || r->type == RRTYPE_AAAA)
        return true;
    return (r->type == RRTYPE_NS || r->type == RRTYPE_DS) && name_equal(&r->owner, &inner->apex);
}

/* PowerDNS and BIND load such records, a zones file has no place for them. */
static void note_misplaced(struct source_import *i, const struct model_record *r, const char *why)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE];
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    import_note(i, r->place, "%.256s %s: %s: left out", owner, type, why);
}

static const char *misplaced(const struct model_record *r)
{
    if (r->type == RRTYPE_DS && name_equal(&r->owner, &r->in))
        return "DS records belong into the zone above";
    if ((r->type == RRTYPE_NS || r->type == RRTYPE_DNAME) && name_is_wildcard(&r->owner))
        return "it means nothing at a wildcard (RFC 4592 4.2, 4.4)";
    return NULL;
}

static void note_hidden(struct source_import *i, const struct model_record *r, const char *what,
                        const struct name *hider)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], text[NAME_TEXT_SIZE];
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    name_print(hider, text);
    import_note(i, r->place, "%.200s %s is hidden by the %s `%.200s`%s: left out", owner, type,
                what, text, strcmp(what, "zone") == 0 ? " of this import" : "");
}

static bool keep_record(struct source_import *i, const struct table *t,
                        const struct model_record *r)
{
    struct place at = table_place(t, &r->owner);
    const char *why = misplaced(r);
    if (why) {
        note_misplaced(i, r, why);
        return false;
    }
    if (at.zone && !name_equal(&at.zone->apex, &r->in)) {
        const struct zone *inner = delegated(t, at.zone, &r->in);
        if (kept_above(r, inner))
            return true;
        note_hidden(i, r, "zone", &inner->apex);
        return false;
    }
    if (at.rule != PLACE_BELOW_DNAME)
        return true;
    note_hidden(i, r, "DNAME", &at.cut->name);
    return false;
}

static bool keep_ptr(struct source_import *i, const struct table *t, const struct model_ptr *p)
{
    struct addr addr = {.num = p->num, .family = p->family};
    char text[ADDR_TEXT_SIZE], hider[NAME_TEXT_SIZE];
    struct name owner;
    arpa_name(&addr, &owner);
    struct place at = table_place(t, &owner);
    addr_print(&addr, text);
    struct model_place place = {.line = p->line, .column = p->column, .file = p->file};
    if (at.zone && at.zone->ref != i->file_zone[p->file]) {
        name_print(&at.zone->apex, hider);
        import_note(i, place,
                    "the PTR of %s is hidden by the zone `%.256s` of this import: left out", text,
                    hider);
        return false;
    }
    if (at.rule == PLACE_FREE)
        return true;
    name_print(&at.cut->name, hider);
    import_note(i, place, "the PTR of %s is hidden by the %s at `%.256s`: left out", text,
                at.rule == PLACE_BELOW_DNAME ? "DNAME" : "delegation", hider);
    return false;
}

static void drop_hidden(struct source_import *i, const struct table *t)
{
    struct model *m = i->m;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < m->record_count; k++) {
        if (!keep_record(i, t, &m->records[k]))
            continue;
        if (kept != k)
            m->records[kept] = m->records[k];
        kept++;
    }
    m->record_count = kept;
    kept = 0;
    for (uint32_t k = 0; k < m->ptr_count; k++)
        if (keep_ptr(i, t, &m->ptrs[k]))
            m->ptrs[kept++] = m->ptrs[k];
    m->ptr_count = kept;
}

/* DS where the zone has no NS. Those for another zone of ours need none: it has its own. */
static void drop_lone_ds(struct source_import *i, const struct table *t)
{
    struct model *m = i->m;
    uint32_t kept = 0;
    const struct model_record *ns = NULL;
    for (uint32_t k = 0; k < m->record_count; k++) {
        struct model_record *r = &m->records[k];
        if (r->type == RRTYPE_DS && !(ns && name_equal(&ns->owner, &r->owner)) &&
            name_equal(&table_place(t, &r->owner).zone->apex, &r->in)) {
            note_misplaced(i, r, "it belongs to a delegation, and no NS stand at this name");
            continue;
        }
        if (kept != k)
            m->records[kept] = *r;
        ns = r->type == RRTYPE_NS ? &m->records[kept] : ns;
        kept++;
    }
    m->record_count = kept;
}

static int settle(struct source_import *i, const struct table *cuts, struct diag *diag)
{
    struct model *m = i->m;
    drop_hidden(i, cuts);
    if (m->record_count)
        qsort(m->records, m->record_count, sizeof *m->records, model_compare_records);
    drop_lone_ds(i, cuts);
    if (m->ptr_count)
        qsort_r(m->ptrs, m->ptr_count, sizeof *m->ptrs, model_compare_ptrs, m);
    return generate_blocks(i, cuts, diag);
}

/* Two zones of one name are left to model_expand, which tells both places. */
int source_import_finish(struct source_import *i, const struct model **out, struct diag *diag)
{
    struct table *zones = NULL, *cuts = NULL;
    *diag = (struct diag){.file = NULL};
    int err = build_table(i, NULL, &zones);
    if (err == 0)
        err = build_table(i, zones, &cuts);
    if (err == 0)
        err = settle(i, cuts, diag);
    else if (err == PTRD_ECONFLICT)
        err = 0;
    else
        (void)diag_set(diag, err, "%s", ptrd_strerror(err));
    table_free(zones);
    table_free(cuts);
    if (err == 0)
        err = model_expand(i->m, diag);
    if (err == 0)
        err = model_sort(i->m, diag);
    if (err == 0)
        *out = i->m;
    return err;
}
