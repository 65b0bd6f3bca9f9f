/* `records:` of a zone. */
#include "file_p.h"

#include "ptrd/core/arpa.h"
#include "ptrd/rdata/rdata.h"

static const char *const known_record[] = {"name", "type", "ttl", "content", NULL};

struct record_entry {
    const struct name *apex;
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
    bool has_ttl;
};

/* What a zone says in keys of its own, and what needs delegations. */
static int refuse_special(struct source *s, const struct conf_node *node,
                          const struct record_entry *e)
{
    bool apex = name_equal(&e->owner, e->apex);
    if (e->type == RRTYPE_SOA)
        return conf_refuse(node, s->diag, "`type`: a SOA is written as `soa:` of the zone");
    if (e->type == RRTYPE_NS && apex)
        return conf_refuse(node, s->diag,
                           "`type`: the NS records of a zone are written as `ns:` of the zone");
    if (e->type == RRTYPE_DS && apex)
        return conf_refuse(node, s->diag, "`type`: DS records belong into the zone above");
    if (e->type == RRTYPE_NS || e->type == RRTYPE_DS)
        return conf_refuse(node, s->diag,
                           "`type`: %s below the apex: delegations are not served by this version",
                           e->type == RRTYPE_NS ? "NS" : "DS");
    if (e->type == RRTYPE_DNAME)
        return conf_refuse(node, s->diag, "`type`: DNAME is not served by this version");
    return 0;
}

static int read_owner(struct source *s, const struct conf_node *node, struct record_entry *e)
{
    const struct conf_node *name = conf_get(node, "name");
    char owner[NAME_TEXT_SIZE], apex[NAME_TEXT_SIZE];
    int r = value_name(s, name, "`name`", e->apex, &e->owner);
    if (r < 0 || name_within(&e->owner, e->apex))
        return r;
    name_print(&e->owner, owner);
    name_print(e->apex, apex);
    return conf_refuse(name, s->diag, "`name`: `%.256s` lies outside its zone `%.256s`", owner,
                       apex);
}

static int read_type(struct source *s, const struct conf_node *node, struct record_entry *e)
{
    const char *text;
    size_t len;
    char quoted[CONF_QUOTE_SIZE];
    int r = conf_text(node, "`type`", &text, &len, s->diag);
    if (r < 0)
        return r;
    if (rrtype_parse(text, len, &e->type) < 0)
        return conf_refuse(node, s->diag,
                           "`type`: expected a record type such as A or TYPE65534, "
                           "found %s",
                           conf_quote(text, len, quoted));
    return refuse_special(s, node, e);
}

/* The PTR of one address is kept with the PTRs. */
static int add_address_ptr(struct source *s, const struct conf_node *node,
                           const struct record_entry *e, const struct addr *addr)
{
    struct name target;
    int r = value_name(s, node, "`content`", NULL, &target);
    if (r < 0)
        return r;
    if (target.len == 1)
        return conf_refuse(node, s->diag, "`content`: the root is no name for an address");
    r = model_add_ptr(s->m, addr, &target, e->ttl_s, FORWARD_UNSAID, s->file, node->line);
    if (r < 0)
        return source_no_memory(s);
    model_ptr_column(s->m, node->column);
    return 0;
}

static int add_record(struct source *s, const struct conf_node *node, const struct record_entry *e)
{
    const char *text;
    size_t len;
    struct diag inner = {0};
    struct rdata rdata;
    struct arpa arpa;
    int r = conf_text(node, "`content`", &text, &len, s->diag);
    if (r < 0)
        return r;
    arpa_parse(&e->owner, &arpa);
    if (e->type == RRTYPE_PTR && arpa.kind == ARPA_FULL) {
        struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
        return add_address_ptr(s, node, e, &addr);
    }
    r = rdata_parse(&e->owner, NULL, e->type, text, len, &rdata, &inner);
    if (r < 0) {
        (void)conf_refuse(node, s->diag, "`content`: %s", inner.message);
        return r;
    }
    struct model_record *record = model_add_record(s->m);
    const char *content = model_strndup(s->m, rdata.text, rdata.len);
    if (record && content)
        *record = (struct model_record){.owner = e->owner,
                                        .type = e->type,
                                        .ttl_s = e->ttl_s,
                                        .content = content,
                                        .content_len = rdata.len,
                                        .place = source_place(s, node)};
    rdata_done(&rdata);
    return record && content ? 0 : source_no_memory(s);
}

static int read_record(struct source *s, const struct conf_node *node, struct record_entry *e)
{
    const struct conf_node *content, *ttl = conf_get(node, "ttl");
    size_t count = 0;
    int r = conf_expect(node, CONF_MAPPING, "an entry of `records`", s->diag);
    if (r == 0)
        r = conf_known(node, known_record, "an entry of `records`", s->diag);
    for (size_t i = 0; r == 0 && known_record[i]; i++) {
        const char *key = known_record[i];
        if (conf_get(node, key) == NULL && key != known_record[2]) /* ttl */
            r = conf_refuse(node, s->diag, "an entry of `records` without `%s`", key);
    }
    if (r == 0)
        r = read_owner(s, node, e);
    if (r == 0)
        r = read_type(s, conf_get(node, "type"), e);
    if (r == 0 && ttl)
        r = value_ttl(s, ttl, "`ttl`", &e->ttl_s);
    if (r == 0)
        r = value_list(s, conf_get(node, "content"), "`content`", &content, &count);
    for (; r == 0 && count > 0; count--, content = content->next)
        r = add_record(s, content, e);
    return r;
}

int source_read_records(struct source *s, const struct conf_node *node, const struct name *apex,
                        uint32_t ttl_s)
{
    if (conf_is_null(node))
        return 0;
    int r = conf_expect(node, CONF_SEQUENCE, "`records`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next) {
        struct record_entry e = {.apex = apex, .ttl_s = ttl_s};
        r = read_record(s, n, &e);
    }
    return r;
}
