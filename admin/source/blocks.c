/* `blocks:`. */
#include "file_p.h"

#include <stdio.h>
#include <string.h>

static const char *const known_block[] = {"prefix", "range",   "name",    "ttl",          "vars",
                                          "kind",   "reverse", "forward", "shared_names", NULL};

static int read_range(struct source *s, const struct conf_node *node, struct range *out)
{
    const struct conf_node *prefix = conf_get(node, "prefix"), *range = conf_get(node, "range");
    const char *text;
    size_t len;
    struct diag inner = {0};
    if (!prefix == !range)
        return conf_refuse(node, s->diag,
                           "an entry of `blocks`: expected either `prefix` or `range`, found %s",
                           range ? "both" : "neither");
    const struct conf_node *value = prefix ? prefix : range;
    const char *what = prefix ? "`prefix`" : "`range`";
    int r = conf_text(value, what, &text, &len, s->diag);
    if (r < 0)
        return r;
    struct prefix p;
    r = prefix ? prefix_parse(text, len, &p, &inner) : range_parse(text, len, out, &inner);
    if (r < 0)
        return conf_refuse(value, s->diag, "%s: %s", what, inner.message);
    if (prefix)
        *out = range_of_prefix(&p);
    return 0;
}

static bool is_var_name(const char *text, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return len > 0 && len <= 63 && strchr(letters, text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static int read_var(struct source *s, const struct conf_node *node, struct template_var *out)
{
    const char *value;
    size_t len;
    char what[96], quoted[CONF_QUOTE_SIZE];
    if (!is_var_name(node->key->text, node->key->text_len))
        return conf_refuse(node->key, s->diag,
                           "`vars`: expected a name of letters, digits, `_` and `-` that begins "
                           "with a letter, found %s",
                           conf_quote(node->key->text, node->key->text_len, quoted));
    (void)snprintf(what, sizeof what, "`%s` of `vars`", node->key->text);
    int r = conf_text(node, what, &value, &len, s->diag);
    if (r < 0)
        return r;
    if (len > LABEL_MAX ||
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != len)
        return conf_refuse(node, s->diag,
                           "%s: expected a part of a label, at most 63 letters, digits and "
                           "hyphens, found %s",
                           what, conf_quote(value, len, quoted));
    out->name = model_strndup(s->m, node->key->text, node->key->text_len);
    out->value = model_strndup(s->m, value, len);
    return out->name && out->value ? 0 : source_no_memory(s);
}

static int read_vars(struct source *s, const struct conf_node *node, struct model_block *b)
{
    int r = conf_expect(node, CONF_MAPPING, "`vars`", s->diag);
    if (r < 0 || node->count == 0)
        return r;
    if (node->count > STORE_VARS_MAX)
        return conf_refuse(node, s->diag, "`vars`: %zu variables, at most %d are possible",
                           node->count, STORE_VARS_MAX);
    b->vars = model_alloc(s->m, node->count * sizeof *b->vars);
    if (!b->vars)
        return source_no_memory(s);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = read_var(s, n, &b->vars[b->var_count++]);
    return r;
}

static int read_kind(struct source *s, const struct conf_node *node, struct model_block *b)
{
    static const char *const names[] = {[KIND_DYNAMIC] = "dynamic",
                                        [KIND_STATIC] = "static",
                                        [KIND_INFRASTRUCTURE] = "infrastructure",
                                        [KIND_CUSTOMER] = "customer"};
    char found[CONF_QUOTE_SIZE + 32];
    for (uint8_t i = KIND_DYNAMIC; i <= KIND_CUSTOMER && node->kind == CONF_SCALAR; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            b->kind = i;
            return 0;
        }
    }
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, s->diag,
                       "`kind`: expected dynamic, static, infrastructure or customer, found %s",
                       found);
}

static int read_external(struct source *s, const struct conf_node *node, const char *what,
                         uint8_t flag, struct model_block *b)
{
    char found[CONF_QUOTE_SIZE + 32];
    if (node->kind == CONF_SCALAR && strcmp(node->text, "external") == 0) {
        b->flags |= flag;
        return 0;
    }
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, s->diag, "%s: expected external, found %s", what, found);
}

static int read_flags(struct source *s, const struct conf_node *node, struct model_block *b)
{
    const struct conf_node *reverse = conf_get(node, "reverse"),
                           *forward = conf_get(node, "forward"),
                           *shared = conf_get(node, "shared_names");
    bool yes = false;
    int r = 0;
    if (reverse)
        r = read_external(s, reverse, "`reverse`", BLOCK_REVERSE_EXTERNAL, b);
    if (r == 0 && forward)
        r = read_external(s, forward, "`forward`", BLOCK_FORWARD_EXTERNAL, b);
    if (r == 0 && shared)
        r = conf_bool(shared, "`shared_names`", &yes, s->diag);
    if (yes)
        b->flags |= BLOCK_SHARED_NAMES;
    return r;
}

/* Errors inside the text point at the character where that can be known. */
static int compile_once(struct source *s, const struct conf_node *node, struct model_block *b)
{
    struct template *t = NULL;
    struct diag inner = {0};
    int r =
        template_compile(node->text, node->text_len, &b->range, b->vars, b->var_count, &t, &inner);
    if (r < 0) {
        (void)conf_refuse(node, s->diag, "`name`: %s", inner.message);
        if (node->exact && inner.column > 0) {
            s->diag->column += node->quoted + inner.column - 1;
            b->name_place.column = s->diag->column;
        }
        return r;
    }
    template_free(t);
    return 0;
}

static int read_template(struct source *s, const struct conf_node *node, struct model_block *b)
{
    const char *text;
    size_t len;
    int r = conf_text(node, "`name`", &text, &len, s->diag);
    if (r < 0)
        return r;
    b->name_place = source_place(s, node);
    if (strcmp(text, "none") == 0)
        return 0;
    if (len > TEMPLATE_TEXT_MAX)
        return conf_refuse(node, s->diag, "`name`: %zu characters, at most %d are possible", len,
                           TEMPLATE_TEXT_MAX);
    b->text = model_strndup(s->m, text, len);
    return b->text ? compile_once(s, node, b) : source_no_memory(s);
}

static int read_block_values(struct source *s, const struct conf_node *node, struct model_block *b)
{
    const struct conf_node *ttl = conf_get(node, "ttl"), *vars = conf_get(node, "vars"),
                           *kind = conf_get(node, "kind"), *name = conf_get(node, "name");
    int r = read_range(s, node, &b->range);
    if (r == 0 && !name)
        r = conf_refuse(node, s->diag,
                        "an entry of `blocks` without `name` (a template, or `none`)");
    if (r == 0 && ttl)
        r = value_ttl(s, ttl, "`ttl`", &b->ttl_s);
    if (r == 0 && vars)
        r = read_vars(s, vars, b);
    if (r == 0 && kind)
        r = read_kind(s, kind, b);
    if (r == 0)
        r = read_flags(s, node, b);
    return r == 0 ? read_template(s, name, b) : r;
}

int source_read_block(struct source *s, const struct conf_node *node)
{
    int r = conf_expect(node, CONF_MAPPING, "an entry of `blocks`", s->diag);
    if (r == 0)
        r = conf_known(node, known_block, "an entry of `blocks`", s->diag);
    if (r < 0)
        return r;
    struct model_block *b = model_add_block(s->m);
    if (!b)
        return source_no_memory(s);
    b->ttl_s = s->defaults.ttl_s;
    b->place = source_place(s, node);
    return read_block_values(s, node, b);
}

int source_read_blocks(struct source *s, const struct conf_node *node)
{
    if (conf_is_null(node))
        return 0;
    int r = conf_expect(node, CONF_SEQUENCE, "`blocks`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = source_read_block(s, n);
    return r;
}
