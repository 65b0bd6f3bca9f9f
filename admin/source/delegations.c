/* `delegations:`. */
#include "file_p.h"

#include "ptrd/core/arpa.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"

static const char *const known_delegation[] = {"prefix", "ns", "ds", "style", "ttl", NULL};

static int read_servers(struct source *s, const struct conf_node *node, struct model_delegation *d)
{
    const struct conf_node *n;
    size_t count;
    int r = value_list(s, node, "`ns`", &n, &count);
    if (r < 0)
        return r;
    d->ns = model_alloc(s->m, count * sizeof *d->ns);
    if (!d->ns)
        return source_no_memory(s);
    for (; r == 0 && count > 0; count--, n = n->next) {
        struct name *server = &d->ns[d->ns_count];
        r = value_server(s, n, server);
        for (unsigned i = 0; r == 0 && i < d->ns_count; i++)
            if (name_equal(&d->ns[i], server)) {
                char text[NAME_TEXT_SIZE];
                name_print(server, text);
                r = conf_refuse(n, s->diag, "`ns`: `%.256s` is given twice", text);
            }
        d->ns_count++;
    }
    return r;
}

/* The name of the cut, or PTRD_EINVAL where there are several. */
static int single_cut(const struct model_delegation *d, struct name *out)
{
    struct addr addr = {.num = d->prefix.num, .family = d->prefix.family};
    if (d->child.len)
        *out = d->child;
    else if (d->prefix.len == family_bits(d->prefix.family))
        arpa_name(&addr, out);
    else if (d->prefix.family == FAMILY_IPV4 && d->prefix.len > 24)
        return PTRD_EINVAL;
    else
        return arpa_prefix_name(&d->prefix, out);
    return 0;
}

static int read_ds(struct source *s, const struct conf_node *node, const struct name *owner,
                   const char **out)
{
    const char *text;
    size_t len;
    struct diag inner = {0};
    struct rdata rdata;
    int r = conf_text(node, "`ds`", &text, &len, s->diag);
    if (r < 0)
        return r;
    r = rdata_parse(owner, NULL, RRTYPE_DS, text, len, &rdata, &inner);
    if (r < 0) {
        (void)conf_refuse(node, s->diag, "`ds`: %s", inner.message);
        return r;
    }
    *out = model_strndup(s->m, rdata.text, rdata.len);
    rdata_done(&rdata);
    return *out ? 0 : source_no_memory(s);
}

static int read_ds_list(struct source *s, const struct conf_node *node, struct model_delegation *d)
{
    const struct conf_node *n;
    size_t count;
    struct name owner;
    char text[RANGE_TEXT_SIZE];
    int r = value_list(s, node, "`ds`", &n, &count);
    if (r < 0)
        return r;
    prefix_print(&d->prefix, text);
    if (single_cut(d, &owner) < 0)
        return conf_refuse(node->key, s->diag,
                           "`ds`: the delegation of %s is several zones, each with keys of its "
                           "own; give each its own entry%s",
                           text,
                           d->prefix.family == FAMILY_IPV4 && d->prefix.len > 24
                               ? ", or all of them a `style`"
                               : "");
    d->ds = model_alloc(s->m, count * sizeof *d->ds);
    if (!d->ds)
        return source_no_memory(s);
    for (; r == 0 && count > 0; count--, n = n->next)
        r = read_ds(s, n, &owner, &d->ds[d->ds_count++]);
    return r;
}

static int read_values(struct source *s, const struct conf_node *node, struct model_delegation *d)
{
    const struct conf_node *prefix = conf_get(node, "prefix"), *ns = conf_get(node, "ns"),
                           *ds = conf_get(node, "ds"), *style = conf_get(node, "style"),
                           *ttl = conf_get(node, "ttl");
    if (!prefix || !ns)
        return conf_refuse(node, s->diag, "an entry of `delegations` without `%s`",
                           prefix ? "ns" : "prefix");
    int r = value_prefix(s, prefix, &d->prefix);
    if (r == 0)
        r = read_servers(s, ns, d);
    if (r == 0 && style)
        r = value_child(s, style, "`style`", &d->prefix, &d->child);
    if (r == 0 && ds)
        r = read_ds_list(s, ds, d);
    if (r == 0 && ttl)
        r = value_ttl(s, ttl, "`ttl`", &d->ttl_s);
    return r;
}

int source_read_delegation(struct source *s, const struct conf_node *node)
{
    int r = conf_expect(node, CONF_MAPPING, "an entry of `delegations`", s->diag);
    if (r == 0)
        r = conf_known(node, known_delegation, "an entry of `delegations`", s->diag);
    if (r < 0)
        return r;
    struct model_delegation *d = model_add_delegation(s->m);
    if (!d)
        return source_no_memory(s);
    d->ttl_s = MODEL_TTL_UNSAID;
    d->place = source_place(s, node);
    return read_values(s, node, d);
}

int source_read_delegations(struct source *s, const struct conf_node *node)
{
    if (conf_is_null(node))
        return 0;
    int r = conf_expect(node, CONF_SEQUENCE, "`delegations`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = source_read_delegation(s, n);
    return r;
}
