/* `records:` of a zone. */
#include "file_p.h"

#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"

static const char *const known_record[] = {"name", "type", "ttl", "content", NULL};

struct record_entry {
    const struct name *apex;
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
};

/* What a zone says in a key of its own, or the zone above. */
static int refuse_special(struct source *s, const struct conf_node *node,
                          const struct record_entry *e)
{
    bool apex = name_equal(&e->owner, e->apex);
    if (e->type == RRTYPE_SOA)
        return conf_refuse(node, s->diag, "`type`: a SOA is written as `soa:` of the zone");
    if (e->type == RRTYPE_DS && apex)
        return conf_refuse(node, s->diag, "`type`: DS records belong into the zone above");
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

static int add_record(struct source *s, const struct conf_node *node, const struct record_entry *e)
{
    const char *text;
    size_t len;
    struct diag inner = {0};
    struct rdata rdata;
    int r = conf_text(node, "`content`", &text, &len, s->diag);
    if (r < 0)
        return r;
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
                                        .in = *e->apex,
                                        .place = source_place(s, node)};
    rdata_done(&rdata);
    return record && content ? 0 : source_no_memory(s);
}

int source_read_record(struct source *s, const struct conf_node *node, const struct name *apex,
                       uint32_t ttl_s, const struct conf_node **apex_ns)
{
    struct record_entry entry = {.apex = apex, .ttl_s = ttl_s}, *e = &entry;
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
    if (r == 0 && e->type == RRTYPE_NS && name_equal(&e->owner, e->apex))
        *apex_ns = conf_get(node, "type");
    for (; r == 0 && count > 0; count--, content = content->next)
        r = add_record(s, content, e);
    return r;
}

int source_read_records(struct source *s, const struct conf_node *node, const struct name *apex,
                        uint32_t ttl_s, const struct conf_node **apex_ns)
{
    *apex_ns = NULL;
    if (conf_is_null(node))
        return 0;
    int r = conf_expect(node, CONF_SEQUENCE, "`records`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = source_read_record(s, n, apex, ttl_s, apex_ns);
    return r;
}
