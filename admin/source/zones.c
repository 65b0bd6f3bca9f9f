/* `defaults:` and `zones:`. */
#include "file_p.h"

#include "ptrd/core/arpa.h"
#include "ptrd/core/rrtype.h"

#include <stdio.h>
#include <string.h>

static const char *const known_defaults[] = {"ttl", "soa", "ns", NULL};
static const char *const known_soa[] = {"mname",  "rname",   "refresh", "retry",
                                        "expire", "minimum", NULL};
static const char *const known_zone[] = {"name",     "prefix",  "zone",   "ttl",
                                         "soa",      "ns",      "serial", "forward_auto",
                                         "metadata", "records", NULL};

static int read_soa_names(struct source *s, const struct conf_node *node,
                          struct zone_defaults *into)
{
    const struct conf_node *mname = conf_get(node, "mname"), *rname = conf_get(node, "rname");
    int r = 0;
    if (mname) {
        r = value_name(s, mname, "`mname`", NULL, &into->soa.mname);
        into->has_mname = true;
    }
    if (r < 0 || !rname)
        return r;
    /* RFC 1035 8: the @ of a mail address is a dot here. */
    const char *at = rname->kind == CONF_SCALAR ? strchr(rname->text, '@') : NULL;
    if (at && (at == rname->text || at[-1] != '\\'))
        return conf_refuse(rname, s->diag,
                           "`rname`: expected the mail address as a name, with a dot in place of "
                           "`@`, found `%.200s`",
                           rname->text);
    into->has_rname = true;
    return value_name(s, rname, "`rname`", NULL, &into->soa.rname);
}

int source_read_soa(struct source *s, const struct conf_node *node, struct zone_defaults *into)
{
    struct {
        const char *key, *what;
        uint32_t *to;
    } const numbers[] = {
        {"refresh", "`refresh`", &into->soa.refresh_s},
        {"retry", "`retry`", &into->soa.retry_s},
        {"expire", "`expire`", &into->soa.expire_s},
        {"minimum", "`minimum`", &into->soa.minimum_s},
    };
    int r = conf_expect(node, CONF_MAPPING, "`soa`", s->diag);
    if (r == 0)
        r = conf_known(node, known_soa, "`soa`", s->diag);
    if (r == 0)
        r = read_soa_names(s, node, into);
    for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof *numbers; i++) {
        const struct conf_node *n = conf_get(node, numbers[i].key);
        if (n)
            r = value_ttl(s, n, numbers[i].what, numbers[i].to);
    }
    return r;
}

/* What defaults and zones have in common. */
static int read_settings(struct source *s, const struct conf_node *node, struct zone_defaults *into)
{
    const struct conf_node *ttl = conf_get(node, "ttl"), *soa = conf_get(node, "soa"),
                           *ns = conf_get(node, "ns");
    int r = 0;
    if (ttl)
        r = value_ttl(s, ttl, "`ttl`", &into->ttl_s);
    if (r == 0 && soa)
        r = source_read_soa(s, soa, into);
    if (r == 0 && ns) {
        const struct conf_node *first;
        size_t count;
        r = value_list(s, ns, "`ns`", &first, &count);
        into->ns = ns;
    }
    return r;
}

int source_read_defaults(struct source *s, const struct conf_node *node)
{
    s->defaults = (struct zone_defaults){
        .ttl_s = TTL_DEFAULT,
        .soa = {.refresh_s = 10800, .retry_s = 3600, .expire_s = 604800, .minimum_s = 300}};
    if (!node)
        return 0;
    int r = conf_expect(node, CONF_MAPPING, "`defaults`", s->diag);
    if (r == 0)
        r = conf_known(node, known_defaults, "`defaults`", s->diag);
    return r == 0 ? read_settings(s, node, &s->defaults) : r;
}

/* The apex NS of one zone. */
static int add_ns(struct source *s, const struct name *apex, const struct zone_defaults *settings)
{
    const struct conf_node *n;
    size_t count;
    int r = value_list(s, settings->ns, "`ns`", &n, &count);
    for (; r == 0 && count > 0; count--, n = n->next) {
        struct name target;
        char text[NAME_TEXT_SIZE + 1];
        r = value_name(s, n, "`ns`", NULL, &target);
        if (r < 0)
            break;
        if (target.len == 1)
            return conf_refuse(n, s->diag, "`ns`: the root is no name server");
        size_t len = name_print(&target, text);
        memcpy(text + len, ".", 2);
        struct model_record *record = model_add_record(s->m);
        const char *content = model_strndup(s->m, text, len + 1);
        if (!record || !content)
            return source_no_memory(s);
        *record = (struct model_record){.owner = *apex,
                                        .type = RRTYPE_NS,
                                        .ttl_s = settings->ttl_s,
                                        .content = content,
                                        .content_len = len + 1,
                                        .place = source_place(s, n)};
    }
    return r;
}

static int read_metadata_kind(struct source *s, const struct conf_node *node,
                              struct model_metadata *out)
{
    const struct conf_node *n;
    size_t count;
    const struct conf_node *key = node->key;
    char what[96];
    if (key->text_len == 0 || key->text_len > 64 ||
        strspn(key->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != key->text_len)
        return conf_refuse(key, s->diag,
                           "`metadata`: expected a kind of capital letters, digits and hyphens, "
                           "such as ALLOW-AXFR-FROM, found `%.64s`",
                           key->text);
    (void)snprintf(what, sizeof what, "`%s`", key->text);
    int r = value_list(s, node, what, &n, &count);
    if (r < 0)
        return r;
    out->kind = model_strndup(s->m, key->text, key->text_len);
    out->values = model_alloc(s->m, count * sizeof *out->values);
    if (!out->kind || !out->values)
        return source_no_memory(s);
    for (; count > 0; count--, n = n->next) {
        const char *text;
        size_t len;
        r = conf_text(n, what, &text, &len, s->diag);
        if (r < 0)
            return r;
        const char *copy = model_strndup(s->m, text, len);
        if (!copy)
            return source_no_memory(s);
        out->values[out->value_count++] = copy;
    }
    return 0;
}

static int read_metadata(struct source *s, const struct conf_node *node, struct model_zone *zone)
{
    int r = conf_expect(node, CONF_MAPPING, "`metadata`", s->diag);
    if (r < 0 || node->count == 0)
        return r;
    zone->metadata = model_alloc(s->m, node->count * sizeof *zone->metadata);
    if (!zone->metadata)
        return source_no_memory(s);
    memset(zone->metadata, 0, node->count * sizeof *zone->metadata);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = read_metadata_kind(s, n, &zone->metadata[zone->metadata_count++]);
    return r;
}

/* Everything of an entry that all zones of its prefix share. */
static int read_zone_values(struct source *s, const struct conf_node *node,
                            struct zone_defaults *settings, struct model_zone *zone)
{
    const struct conf_node *serial = conf_get(node, "serial"),
                           *automatic = conf_get(node, "forward_auto"),
                           *metadata = conf_get(node, "metadata");
    uint64_t number = 0;
    int r = read_settings(s, node, settings);
    if (r == 0 && automatic)
        r = conf_bool(automatic, "`forward_auto`", &zone->settings.forward_auto, s->diag);
    if (r == 0 && serial) {
        r = conf_number(serial, "`serial`", 0, UINT32_MAX, &number, s->diag);
        zone->has_serial = true;
        zone->serial = (uint32_t)number;
    }
    if (r == 0 && metadata)
        r = read_metadata(s, metadata, zone);
    zone->settings.soa = settings->soa;
    zone->settings.ttl_s = settings->ttl_s;
    return r;
}

static int require_settings(struct source *s, const struct conf_node *node,
                            const struct zone_defaults *settings)
{
    const char *missing = !settings->has_mname   ? "`mname` in `soa`"
                          : !settings->has_rname ? "`rname` in `soa`"
                          : !settings->ns        ? "`ns`"
                                                 : NULL;
    if (!missing)
        return 0;
    const struct conf_node *name = conf_get(node, "name");
    char quoted[CONF_QUOTE_SIZE];
    name = name ? name : conf_get(node, "prefix");
    conf_quote(name->text, name->text_len, quoted);
    return conf_refuse(node, s->diag, "zone %s without %s: give it here or in `defaults`", quoted,
                       missing);
}

static int add_zone(struct source *s, const struct name *apex, const struct model_zone *values,
                    const struct zone_defaults *settings)
{
    struct model_zone *zone = model_add_zone(s->m);
    if (!zone)
        return source_no_memory(s);
    *zone = *values;
    zone->apex = *apex;
    return add_ns(s, apex, settings);
}

static int read_named_zone(struct source *s, const struct conf_node *node,
                           const struct model_zone *values, const struct zone_defaults *settings)
{
    struct name apex;
    int r = value_name(s, conf_get(node, "name"), "`name`", NULL, &apex);
    if (r == 0 && apex.len == 1)
        r = conf_refuse(conf_get(node, "name"), s->diag, "`name`: the root is no zone of ours");
    if (r == 0 && name_is_wildcard(&apex))
        r = conf_refuse(conf_get(node, "name"), s->diag, "`name`: a zone cannot be a wildcard");
    if (r == 0)
        r = add_zone(s, &apex, values, settings);
    const struct conf_node *records = conf_get(node, "records");
    if (r == 0 && records)
        r = source_read_records(s, records, &apex, settings->ttl_s);
    return r;
}

static int read_prefix(struct source *s, const struct conf_node *node, struct prefix *prefix,
                       uint8_t *step_len, int *zones)
{
    const char *text;
    size_t len;
    struct diag inner = {0};
    int r = conf_text(node, "`prefix`", &text, &len, s->diag);
    if (r < 0)
        return r;
    if (prefix_parse(text, len, prefix, &inner) < 0)
        return conf_refuse(node, s->diag, "`prefix`: %s", inner.message);
    *zones = arpa_zones(prefix, step_len);
    if (*zones < 0)
        return conf_refuse(node, s->diag,
                           "`prefix`: `%.64s` is longer than /24: such a reverse zone (RFC 2317) "
                           "is not served by this version",
                           text);
    return 0;
}

static int read_prefix_zones(struct source *s, const struct conf_node *node,
                             const struct model_zone *values, const struct zone_defaults *settings)
{
    const struct conf_node *records = conf_get(node, "records");
    struct prefix prefix;
    uint8_t step_len = 0;
    int zones = 0, r = read_prefix(s, conf_get(node, "prefix"), &prefix, &step_len, &zones);
    if (r < 0)
        return r;
    if (records && zones > 1)
        return conf_refuse(records->key, s->diag,
                           "`records`: this prefix is %d zones; to give one of them records, give "
                           "each its own prefix of length %u",
                           zones, (unsigned)step_len);
    for (int i = 0; i < zones; i++) {
        struct name apex;
        u128 step = (u128)i << (family_bits(prefix.family) - step_len);
        struct prefix part = {.num = prefix.num | step, .family = prefix.family, .len = step_len};
        r = arpa_prefix_name(&part, &apex);
        if (r < 0)
            return conf_refuse(node, s->diag, "`prefix`: no reverse zone of this length");
        r = add_zone(s, &apex, values, settings);
        if (r == 0 && records)
            r = source_read_records(s, records, &apex, settings->ttl_s);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_zone(struct source *s, const struct conf_node *node)
{
    struct zone_defaults settings = s->defaults;
    struct model_zone values = {.place = source_place(s, node)};
    int r = conf_expect(node, CONF_MAPPING, "an entry of `zones`", s->diag);
    if (r == 0)
        r = conf_known(node, known_zone, "an entry of `zones`", s->diag);
    if (r < 0)
        return r;
    const struct conf_node *child = conf_get(node, "zone"), *name = conf_get(node, "name"),
                           *prefix = conf_get(node, "prefix");
    if (child)
        return conf_refuse(child->key, s->diag,
                           "`zone`: reverse zones of RFC 2317 are not served by this version");
    if (!name == !prefix)
        return conf_refuse(node, s->diag,
                           "an entry of `zones`: expected either `name` or `prefix`, found %s",
                           name ? "both" : "neither");
    r = read_zone_values(s, node, &settings, &values);
    if (r == 0)
        r = require_settings(s, node, &settings);
    if (r < 0)
        return r;
    return name ? read_named_zone(s, node, &values, &settings)
                : read_prefix_zones(s, node, &values, &settings);
}

int source_read_zones(struct source *s, const struct conf_node *node)
{
    int r = conf_expect(node, CONF_SEQUENCE, "`zones`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = read_zone(s, n);
    return r;
}
