/* `ptrs:` and `ptrs_file:`. */
#include "file_p.h"
#include "model_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const known_ptr[] = {"names", "ttl", "forward", NULL};

struct ptr_entry {
    struct addr addr;
    uint32_t ttl_s;
    enum ptr_forward forward;
};

static int add_names(struct source *s, const struct conf_node *node, const struct ptr_entry *e)
{
    const struct conf_node *n;
    size_t count;
    int r = value_list(s, node, "`names`", &n, &count);
    for (; r == 0 && count > 0; count--, n = n->next) {
        struct name target;
        r = value_name(s, n, "`names`", NULL, &target);
        if (r == 0 && target.len == 1)
            return conf_refuse(n, s->diag, "`names`: the root is no name for an address");
        if (r < 0)
            return r;
        r = model_add_ptr_at(s->m, &e->addr, &target, e->ttl_s, e->forward, source_place(s, n));
        if (r < 0)
            return model_ptr_lost(s->m, r, s->diag);
    }
    return r;
}

static int read_forward(struct source *s, const struct conf_node *node, enum ptr_forward *out)
{
    static const char *const names[] = {
        [FORWARD_AUTO] = "auto", [FORWARD_NONE] = "none", [FORWARD_EXTERNAL] = "external"};
    char found[CONF_QUOTE_SIZE + 32];
    for (unsigned i = FORWARD_AUTO; i <= FORWARD_EXTERNAL && node->kind == CONF_SCALAR; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *out = (enum ptr_forward)i;
            return 0;
        }
    }
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, s->diag, "`forward`: expected auto, none or external, found %s",
                       found);
}

static int read_ptr_mapping(struct source *s, const struct conf_node *node, struct ptr_entry *e)
{
    const struct conf_node *names = conf_get(node, "names"), *ttl = conf_get(node, "ttl"),
                           *forward = conf_get(node, "forward");
    int r = conf_known(node, known_ptr, "a value of `ptrs`", s->diag);
    if (r == 0 && !names)
        r = conf_refuse(node, s->diag, "a value of `ptrs` without `names`");
    if (r == 0 && ttl)
        r = value_ttl(s, ttl, "`ttl`", &e->ttl_s);
    if (r == 0 && forward)
        r = read_forward(s, forward, &e->forward);
    return r == 0 ? add_names(s, names, e) : r;
}

static int read_ptr(struct source *s, const struct conf_node *node)
{
    struct ptr_entry e = {.ttl_s = MODEL_TTL_UNSAID, .forward = FORWARD_UNSAID};
    char quoted[CONF_QUOTE_SIZE], found[CONF_QUOTE_SIZE + 32];
    const struct conf_node *key = node->key;
    if (addr_parse(key->text, key->text_len, &e.addr) < 0)
        return conf_refuse(key, s->diag, "`ptrs`: expected an IPv4 or IPv6 address, found %s",
                           conf_quote(key->text, key->text_len, quoted));
    if (node->kind == CONF_MAPPING)
        return read_ptr_mapping(s, node, &e);
    if (!conf_is_null(node))
        return add_names(s, node, &e);
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, s->diag,
                       "`ptrs`: expected a name, a list of names or a mapping, found %s", found);
}

int source_read_ptrs(struct source *s, const struct conf_node *node)
{
    if (conf_is_null(node))
        return 0;
    int r = conf_expect(node, CONF_MAPPING, "`ptrs`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = read_ptr(s, n);
    return r;
}

/* A path beside the zones file; the caller frees it. */
static char *beside(const char *zones_path, const char *path)
{
    const char *slash = strrchr(zones_path, '/');
    char *out = NULL;
    if (path[0] == '/' || !slash)
        return strdup(path);
    if (asprintf(&out, "%.*s/%s", (int)(slash - zones_path), zones_path, path) < 0)
        return NULL;
    return out;
}

static int read_open_file(struct source *s, const struct conf_node *node, const char *path, int fd)
{
    const char *before = s->diag->file;
    uint32_t known = s->m->file_count;
    int r = model_add_file(s->m, path);
    if (r == PTRD_ELIMIT)
        return conf_refuse(node, s->diag, "`ptrs_file`: more than %d files", MODEL_FILES_MAX - 1);
    if (r < 0)
        return source_no_memory(s);
    uint16_t file = (uint16_t)r; /* below MODEL_FILES_MAX */
    if (file < known)
        return conf_refuse(node, s->diag, "`ptrs_file`: `%.256s` is named twice", path);
    s->diag->file = s->m->files[file];
    r = csv_read(s, fd, file);
    if (r == 0)
        s->diag->file = before;
    return r;
}

static int read_ptrs_file(struct source *s, const struct conf_node *node)
{
    const char *text;
    size_t len;
    int r = conf_text(node, "`ptrs_file`", &text, &len, s->diag);
    if (r < 0)
        return r;
    char *path = beside(s->path, text);
    if (!path)
        return source_no_memory(s);
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = errno;
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        fd = -1;
        err = EISDIR;
    }
    if (fd < 0) {
        (void)conf_refuse(node, s->diag, "`ptrs_file`: cannot open `%.256s`: %s", path,
                          strerrordesc_np(err));
        free(path);
        return -err;
    }
    r = read_open_file(s, node, path, fd);
    close(fd);
    free(path);
    return r;
}

/* For progress only: the size of a file that is not there yet counts nothing. */
static void count_size(struct source *s, const struct conf_node *node)
{
    struct stat st;
    if (node->kind != CONF_SCALAR)
        return;
    char *path = beside(s->path, node->text);
    if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
        s->total += (uint64_t)st.st_size;
    free(path);
}

int source_read_ptrs_files(struct source *s, const struct conf_node *node)
{
    const struct conf_node *first;
    size_t count;
    int r = value_list(s, node, "`ptrs_file`", &first, &count);
    if (r < 0)
        return r;
    const struct conf_node *n = first;
    for (size_t i = 0; i < count; i++, n = n->next)
        count_size(s, n);
    for (n = first; r == 0 && count > 0; count--, n = n->next)
        r = read_ptrs_file(s, n);
    return r;
}
