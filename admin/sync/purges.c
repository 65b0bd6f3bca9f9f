/* A load that tells what PowerDNS has to forget: the state before it is kept open for reading until
 * its end, and asked beside the new one. */
#include "load_p.h"

/* Whatever goes wrong: everything is purged, which is always right. */
static void give_up(struct loader *l)
{
    purge_find_free(l->found.find);
    l->found.find = NULL;
    purge_add_all(l->purges);
}

void purges_begin(struct loader *l, const struct store_meta *meta)
{
    struct load_purges *p = &l->found;
    struct store_meta committed;
    if (!l->purges)
        return;
    int err = l->keep || meta->data == 0 ? PTRD_EINVAL : store_reader_new(l->store, &p->committed);
    if (!err)
        err = store_read_begin(p->committed, &committed);
    if (!err)
        err = snapshot_table(p->committed, &p->before);
    if (!err)
        err = purge_find_new(p->before, &p->find);
    if (err < 0)
        give_up(l);
}

void purges_row(struct loader *l, enum store_table table, struct span key, struct span old_value,
                struct span new_value)
{
    if (l->found.find && purge_find_row(l->found.find, table, key, old_value, new_value) < 0)
        give_up(l);
}

static int find_aliases(struct loader *l, const struct snapshot *is)
{
    struct purge_aliases *aliases;
    if (!purge_count(l->purges) || purge_all(l->purges))
        return 0;
    int err = purge_aliases_read(is->reader, &aliases);
    if (err < 0)
        return err;
    err = purge_aliases_add(aliases, is->table, l->purges);
    purge_aliases_free(aliases);
    return err;
}

static int find(struct loader *l)
{
    struct load_purges *p = &l->found;
    struct store_meta meta;
    struct differ d = {.was = {.reader = p->committed, .table = p->before}};
    int err = store_reader_of_writer(l->w, &p->writer);
    if (!err)
        err = store_read_begin(p->writer, &meta);
    if (!err && store_reader_environment(p->committed) != store_reader_environment(p->writer))
        err = PTRD_EBUSY; /* the store was exchanged meanwhile */
    if (!err && l->report->structure_changed)
        err = snapshot_table(p->writer, &p->after);
    d.is = (struct snapshot){.reader = p->writer, .table = p->after ? p->after : p->before};
    answer_init(&d.before);
    answer_init(&d.after);
    if (!err)
        err = purge_find_end(p->find, &d, l->purges);
    if (!err)
        err = find_aliases(l, &d.is);
    answer_done(&d.before);
    answer_done(&d.after);
    return err;
}

void purges_end(struct loader *l)
{
    if (l->found.find && find(l) < 0)
        give_up(l);
}

void purges_done(struct loader *l)
{
    struct load_purges *p = &l->found;
    purge_find_free(p->find);
    table_free(p->before);
    table_free(p->after);
    store_reader_free(p->writer);
    store_reader_free(p->committed);
    *p = (struct load_purges){.find = NULL};
}
