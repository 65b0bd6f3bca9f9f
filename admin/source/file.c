/* The zones file as a whole: its sections in the order in which they need each other. */
#include "file_p.h"

#include <string.h>
#include <sys/stat.h>

static const char *const known_sections[] = {"defaults",  "zones",       "blocks", "ptrs",
                                             "ptrs_file", "delegations", NULL};

static int read_section(struct source *s, const struct conf_node *root, const char *key,
                        int (*read)(struct source *, const struct conf_node *))
{
    const struct conf_node *node = conf_get(root, key);
    return node ? read(s, node) : 0;
}

static int read_sections(struct source *s, const struct conf_node *root)
{
    int r = conf_expect(root, CONF_MAPPING, "the zones file", s->diag);
    if (r == 0)
        r = conf_known(root, known_sections, "the zones file", s->diag);
    if (r < 0)
        return r;
    /* An empty or cut file must not take every zone away. */
    if (!conf_get(root, "zones"))
        return conf_refuse(root, s->diag,
                           "no `zones` in the file (to serve none, write `zones: []`)");
    r = source_read_defaults(s, conf_get(root, "defaults"));
    if (r == 0)
        r = read_section(s, root, "zones", source_read_zones);
    if (r == 0)
        r = read_section(s, root, "blocks", source_read_blocks);
    if (r == 0)
        r = read_section(s, root, "ptrs", source_read_ptrs);
    if (r == 0)
        r = read_section(s, root, "ptrs_file", source_read_ptrs_files);
    if (r == 0)
        r = read_section(s, root, "delegations", source_read_delegations);
    return r;
}

static int read_file(struct source *s)
{
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct stat st;
    int r = model_add_file(s->m, s->path);
    if (r < 0)
        return source_no_memory(s);
    s->file = (uint16_t)r;
    if (stat(s->path, &st) == 0 && S_ISREG(st.st_mode))
        s->done = s->total = (uint64_t)st.st_size;
    r = conf_read(s->path, &doc, &root, s->diag);
    if (r < 0)
        return r;
    r = read_sections(s, root);
    conf_free(doc);
    if (r < 0)
        return r;
    s->diag->line = s->diag->column = 0;
    r = model_expand(s->m, s->diag);
    return r < 0 ? r : model_sort(s->m, s->diag);
}

int source_file_read(const char *path, struct model **out, source_progress_fn *progress,
                     void *progress_ctx, struct diag *diag)
{
    return source_file_read_spilling(path, NULL, 0, out, progress, progress_ctx, diag);
}

int source_file_read_spilling(const char *path, const char *dir, size_t memory, struct model **out,
                              source_progress_fn *progress, void *progress_ctx, struct diag *diag)
{
    struct source s = {
        .diag = diag, .path = path, .progress = progress, .progress_ctx = progress_ctx};
    *out = NULL;
    diag->file = path;
    diag->line = diag->column = 0;
    diag->message[0] = '\0';
    if (model_new(&s.m) < 0)
        return source_no_memory(&s);
    *out = s.m; /* on failure too: diag->file may be one of its files */
    if (dir && model_spill_into(s.m, dir, memory) < 0)
        return source_no_memory(&s);
    return read_file(&s);
}
