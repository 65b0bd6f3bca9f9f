/* All primary zones of a named.conf. */
#include "import_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_apex(const void *pa, const void *pb)
{
    const struct bind_zone *a = *(const struct bind_zone *const *)pa,
                           *b = *(const struct bind_zone *const *)pb;
    int c = name_compare(&a->apex, &b->apex);
    return c ? c : (a > b) - (a < b); /* elements of one array: in the order of the file */
}

/* Several views may have one zone: its first place counts. The others lose their file. */
static int drop_repeated(struct bind_conf *c)
{
    struct bind_zone **sorted = malloc(((size_t)c->zone_count + 1) * sizeof(struct bind_zone *));
    if (!sorted)
        return import_no_memory(c->diag);
    for (uint32_t k = 0; k < c->zone_count; k++)
        sorted[k] = &c->zones[k];
    qsort(sorted, c->zone_count, sizeof(struct bind_zone *), by_apex);
    for (uint32_t k = 1; k < c->zone_count; k++) {
        char apex[NAME_TEXT_SIZE];
        if (!name_equal(&sorted[k - 1]->apex, &sorted[k]->apex))
            continue;
        name_print(&sorted[k]->apex, apex);
        import_note(c->i, sorted[k]->place,
                    "zone `%.256s` is there already (in another view): left out", apex);
        sorted[k]->file = NULL;
    }
    free(sorted);
    return 0;
}

static void note_journal(struct bind_conf *c, const struct bind_zone *z, const char *path)
{
    char journal[4096];
    int len = snprintf(journal, sizeof journal, "%s.jnl", path);
    if (len > 0 && (size_t)len < sizeof journal && access(journal, F_OK) == 0)
        import_note(c->i, z->place,
                    "`%.512s` is not read: changes in it reach the zone's file by `rndc sync`",
                    journal);
}

static int read_zone(struct bind_conf *c, const struct bind_zone *z)
{
    const char *path = import_path(c->i->m, c->directory, z->file, strlen(z->file));
    if (!path)
        return import_no_memory(c->diag);
    note_journal(c, z, path);
    *c->diag = (struct diag){
        .file = c->i->m->files[z->place.file], .line = z->place.line, .column = z->place.column};
    return import_read_zone(c->i, path, &z->apex, c->directory, c->diag);
}

int source_import_bind(struct source_import *i, const char *path, source_progress_fn *progress,
                       void *progress_ctx, struct diag *diag)
{
    struct bind_conf c = {.i = i, .diag = diag};
    *diag = (struct diag){.file = NULL};
    int r = bind_conf_read(&c, path);
    if (r == 0)
        r = drop_repeated(&c);
    for (uint32_t k = 0; r == 0 && k < c.zone_count; k++) {
        if (progress)
            progress(progress_ctx, k, c.zone_count);
        if (c.zones[k].file)
            r = read_zone(&c, &c.zones[k]);
    }
    bind_conf_done(&c);
    return r;
}
