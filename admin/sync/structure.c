/* Everything but overrides is read: row by row and then as a whole, until what is left of it can be
 * taken. */
#include "load_p.h"
#include "sync_p.h"

#include "ptrd/check/model.h"
#include "ptrd/core/rrtype.h"

#include <stdlib.h>

static void blame(void *ctx, const struct diag *why)
{
    struct structure *f = ctx;
    int found = pg_blame(&f->entries, why);
    f->blame_err = found < 0 ? found : f->blame_err;
    f->blamed += found == PTRD_FOUND;
}

static int try_structure(struct structure *f, struct diag *diag)
{
    int err = pg_model(&f->entries, NULL, 0, &f->m, diag);
    if (!err)
        err = model_sort(f->m, diag);
    return err ? err : check_model_each(f->m, &f->table, blame, f, diag);
}

/* Each refusal costs a row its form, so this ends. */
static int settle_structure(struct structure *f, struct diag *diag)
{
    for (;;) {
        f->blamed = 0;
        int err = try_structure(f, diag);
        if (!err || err == PTRD_ENOMEM)
            return err;
        if (!f->blamed)
            blame(f, diag);
        if (f->blame_err || !f->blamed)
            return f->blame_err ? f->blame_err : err;
        model_free(f->m);
        f->m = NULL;
    }
}

void structure_log(const struct structure *f)
{
    static const char *const instead[] = {[PG_LAST_VALID] = "its last valid form stays in force",
                                          [PG_NONE] = "its addresses answer as a block `none`",
                                          [PG_OUT] = "it is left out"};
    for (size_t i = 0; i < f->entries.count; i++) {
        const struct pg_entry *e = &f->entries.items[i];
        if (e->reason)
            sync_log(f->s, "quarantined: %s %s: %s; %s", pg_relation_name(e->relation), e->key,
                     e->reason, e->form == PG_AS_IS ? "" : instead[e->form]);
    }
}

/* --- CNAMEs at addresses ---------------------------------------------------------------------- */

static int find_aliases(struct structure *f)
{
    const struct model *m = f->m;
    f->aliases = calloc((size_t)m->record_count + 1, sizeof *f->aliases);
    if (!f->aliases)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < m->record_count; i++) {
        struct addr *at = &f->aliases[f->alias_count];
        f->alias_count += m->records[i].type == RRTYPE_CNAME &&
                          load_address_of(f->table, &m->records[i].owner, at);
    }
    f->alias_count = addr_sort(f->aliases, f->alias_count);
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

int structure_read(struct structure *f, struct sync *s, struct diag *diag)
{
    *f = (struct structure){.s = s};
    int err = pg_read_entries(s->pg, &f->entries, diag);
    if (!err)
        err = state_read_forms(s->store, &f->entries);
    if (!err)
        err = settle_structure(f, diag);
    return err ? err : find_aliases(f);
}

void structure_done(struct structure *f)
{
    pg_entries_done(&f->entries);
    table_free(f->table);
    model_free(f->m);
    free(f->aliases);
}
