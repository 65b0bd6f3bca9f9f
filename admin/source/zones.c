/* `defaults:` and `zones:`. */
#include "file_p.h"
#include "model_p.h"

#include "ptrd/core/arpa.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/key.h"

#include <stdio.h>
#include <string.h>

static const char *const known_defaults[] = {"ttl", "soa", "ns", NULL};
static const char *const known_soa[] = {"mname",  "rname",   "refresh", "retry",
                                        "expire", "minimum", NULL};
static const char *const known_zone[] = {
    "name",   "prefix",       "zone", "cnames",    "ttl",      "soa",     "ns",
    "serial", "forward_auto", "kind", "primaries", "metadata", "records", NULL};

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
        size_t len;
        r = value_server(s, n, &target);
        if (r < 0)
            break;
        struct model_record *record = model_add_record(s->m);
        const char *content = model_name_content(s->m, &target, &len);
        if (!record || !content)
            return source_no_memory(s);
        *record = (struct model_record){.owner = *apex,
                                        .type = RRTYPE_NS,
                                        .ttl_s = settings->ttl_s,
                                        .content = content,
                                        .content_len = len,
                                        .in = *apex,
                                        .place = source_place(s, n)};
    }
    return r;
}

/* What could not be read later would leave the zone without denials. */
static int check_metadata(struct source *s, const struct conf_node *node, const char *kind,
                          const char *value)
{
    struct nsec3_params params;
    if (strcmp(kind, "NSEC3PARAM") != 0 || rdata_nsec3_params(value, strlen(value), &params) == 0)
        return 0;
    return conf_refuse(
        node, s->diag,
        "`NSEC3PARAM`: expected algorithm 1, flags 0 or 1, iterations, and a salt in "
        "hexadecimal digits or `-`, such as `1 0 0 -`, found `%.64s`",
        value);
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
        r = check_metadata(s, n, out->kind, copy);
        if (r < 0)
            return r;
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

static int read_kind(struct source *s, const struct conf_node *node, uint8_t *out)
{
    static const char *const names[] = {
        [ZONE_NATIVE] = "native", [ZONE_PRIMARY] = "primary", [ZONE_SECONDARY] = "secondary"};
    char found[CONF_QUOTE_SIZE + 32];
    for (uint8_t i = ZONE_NATIVE; i <= ZONE_SECONDARY && node->kind == CONF_SCALAR; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, s->diag, "`kind`: expected native, primary or secondary, found %s",
                       found);
}

/* "ADDR", "ADDR4:PORT" or "[ADDR6]:PORT". */
static bool parse_primary(const char *text, size_t len, struct store_primary *out)
{
    if (addr_parse(text, len, &out->addr) == 0)
        return true;
    const char *colon = memrchr(text, ':', len);
    if (!colon || colon == text)
        return false;
    size_t host = (size_t)(colon - text), digits = len - host - 1;
    bool brackets = text[0] == '[' && colon[-1] == ']';
    unsigned port = 0;
    for (size_t i = 1; i <= digits; i++) {
        if (colon[i] < '0' || colon[i] > '9' || (i == 1 && colon[i] == '0') || i > 5)
            return false;
        port = port * 10 + (unsigned)(colon[i] - '0');
    }
    if (digits == 0 || port > UINT16_MAX ||
        addr_parse(brackets ? text + 1 : text, brackets ? host - 2 : host, &out->addr) < 0)
        return false;
    out->port = (uint16_t)port;
    return brackets == (out->addr.family == FAMILY_IPV6);
}

static int read_primary(struct source *s, const struct conf_node *node, struct store_zone *zone)
{
    struct store_primary p = {.port = 0};
    const char *text;
    size_t len;
    char quoted[CONF_QUOTE_SIZE];
    int r = conf_text(node, "`primaries`", &text, &len, s->diag);
    if (r < 0)
        return r;
    if (!parse_primary(text, len, &p))
        return conf_refuse(node, s->diag,
                           "`primaries`: expected an address, \"192.0.2.1:5300\" or "
                           "\"[2001:db8::1]:5300\", found %s",
                           conf_quote(text, len, quoted));
    for (unsigned i = 0; i < zone->primary_count; i++)
        if (addr_compare(&zone->primaries[i].addr, &p.addr) == 0 &&
            zone->primaries[i].port == p.port)
            return conf_refuse(node, s->diag, "`primaries`: %s is given twice",
                               conf_quote(text, len, quoted));
    zone->primaries[zone->primary_count++] = p;
    return 0;
}

static int read_role(struct source *s, const struct conf_node *node, struct store_zone *zone)
{
    const struct conf_node *kind = conf_get(node, "kind"), *list = conf_get(node, "primaries"), *n;
    size_t count = 0;
    int r = kind ? read_kind(s, kind, &zone->kind) : 0;
    if (r < 0)
        return r;
    if (list && zone->kind != ZONE_SECONDARY)
        return conf_refuse(list->key, s->diag,
                           "`primaries`: only a zone of `kind: secondary` has them");
    if (!list && zone->kind == ZONE_SECONDARY)
        return conf_refuse(kind, s->diag, "`kind`: a secondary zone needs `primaries`");
    if (!list)
        return 0;
    r = value_list(s, list, "`primaries`", &n, &count);
    if (r == 0 && count > STORE_PRIMARIES_MAX)
        return conf_refuse(list, s->diag, "`primaries`: %zu addresses, at most %d are possible",
                           count, STORE_PRIMARIES_MAX);
    for (; r == 0 && count > 0; count--, n = n->next)
        r = read_primary(s, n, zone);
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
    if (r == 0)
        r = read_role(s, node, &zone->settings);
    if (r == 0 && metadata)
        r = read_metadata(s, metadata, zone);
    zone->settings.soa = settings->soa;
    zone->settings.ttl_s = settings->ttl_s;
    return r;
}

static int refuse_missing(struct source *s, const struct conf_node *node, const char *missing)
{
    const struct conf_node *name = conf_get(node, "name");
    char quoted[CONF_QUOTE_SIZE];
    name = name ? name : conf_get(node, "prefix");
    conf_quote(name->text, name->text_len, quoted);
    return conf_refuse(node, s->diag, "zone %s without %s: give it here or in `defaults`", quoted,
                       missing);
}

static int require_settings(struct source *s, const struct conf_node *node,
                            const struct zone_defaults *settings)
{
    if (!settings->has_mname)
        return refuse_missing(s, node, "`mname` in `soa`");
    return settings->has_rname ? 0 : refuse_missing(s, node, "`rname` in `soa`");
}

/* A zone of the entry, with its records. Its NS are those of `records:` if some stand there, else
 * those of `ns:`. */
static int add_zone(struct source *s, const struct conf_node *node, const struct name *apex,
                    const struct model_zone *values, const struct zone_defaults *settings)
{
    const struct conf_node *records = conf_get(node, "records"), *ns = conf_get(node, "ns"),
                           *listed = NULL;
    struct model_zone *zone = model_add_zone(s->m);
    if (!zone)
        return source_no_memory(s);
    *zone = *values;
    zone->apex = *apex;
    int r = records ? source_read_records(s, records, apex, settings->ttl_s, &listed) : 0;
    if (r < 0)
        return r;
    if (listed && ns)
        return conf_refuse(listed, s->diag,
                           "`type`: NS of the zone here and `ns` in line %u: expected one of them",
                           (unsigned)ns->key->line);
    if (listed) {
        zone->listed_ns = true;
        return 0;
    }
    return settings->ns ? add_ns(s, apex, settings) : refuse_missing(s, node, "`ns`");
}

static int read_named_zone(struct source *s, const struct conf_node *node,
                           const struct model_zone *values, const struct zone_defaults *settings)
{
    const struct conf_node *name = conf_get(node, "name");
    struct name apex;
    int r = value_name(s, name, "`name`", NULL, &apex);
    if (r == 0 && apex.len == 1)
        r = conf_refuse(name, s->diag, "`name`: the root is no zone of ours");
    if (r == 0 && name_is_wildcard(&apex))
        r = conf_refuse(name, s->diag, "`name`: a zone cannot be a wildcard");
    return r == 0 ? add_zone(s, node, &apex, values, settings) : r;
}

static int read_cnames(struct source *s, const struct conf_node *node, struct store_zone *zone)
{
    const struct conf_node *cnames = conf_get(node, "cnames");
    bool made = true;
    int r = cnames ? conf_bool(cnames, "`cnames`", &made, s->diag) : 0;
    zone->no_cnames = !made;
    return r;
}

/* RFC 2317: the zone of a part of a /24, under the name that the zone above gives it. */
static int read_classless_zone(struct source *s, const struct conf_node *node,
                               const struct model_zone *values,
                               const struct zone_defaults *settings)
{
    const struct conf_node *child = conf_get(node, "zone"), *prefix = conf_get(node, "prefix");
    struct model_zone zone = *values;
    struct name apex;
    struct arpa arpa;
    int r = prefix ? value_prefix(s, prefix, &zone.settings.prefix)
                   : conf_refuse(child->key, s->diag,
                                 "`zone`: it is for a zone with `prefix` (RFC 2317)");
    if (r == 0)
        r = value_child(s, child, "`zone`", &zone.settings.prefix, &apex);
    if (r < 0)
        return r;
    zone.settings.classless = true;
    r = read_cnames(s, node, &zone.settings);
    if (r < 0)
        return r;
    /* There the zone above would need the CNAME of an address beside the NS of the zone. */
    arpa_parse(&apex, &arpa);
    struct range range = range_of_prefix(&zone.settings.prefix);
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    if (arpa.kind == ARPA_FULL && range_contains(&range, &addr))
        return conf_refuse(child, s->diag,
                           "`zone`: this is the reverse name of an address of the prefix, where "
                           "the zone above has its CNAME");
    return add_zone(s, node, &apex, &zone, settings);
}

static int read_prefix(struct source *s, const struct conf_node *node, struct prefix *prefix,
                       uint8_t *step_len, int *zones)
{
    char text[RANGE_TEXT_SIZE];
    int r = value_prefix(s, node, prefix);
    if (r < 0)
        return r;
    *zones = arpa_zones(prefix, step_len);
    if (*zones >= 0)
        return 0;
    prefix_print(prefix, text);
    return conf_refuse(node, s->diag,
                       "`prefix`: `%s` is longer than /24: such a reverse zone (RFC 2317) needs "
                       "its name as `zone`",
                       text);
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
    for (int i = 0; i < zones && r == 0; i++) {
        struct name apex;
        u128 step = (u128)i << (family_bits(prefix.family) - step_len);
        struct prefix part = {.num = prefix.num | step, .family = prefix.family, .len = step_len};
        r = arpa_prefix_name(&part, &apex);
        if (r < 0)
            return conf_refuse(node, s->diag, "`prefix`: no reverse zone of this length");
        r = add_zone(s, node, &apex, values, settings);
    }
    return r;
}

int source_read_zone(struct source *s, const struct conf_node *node)
{
    struct zone_defaults settings = s->defaults;
    struct model_zone values = {.place = source_place(s, node)};
    int r = conf_expect(node, CONF_MAPPING, "an entry of `zones`", s->diag);
    if (r == 0)
        r = conf_known(node, known_zone, "an entry of `zones`", s->diag);
    if (r < 0)
        return r;
    const struct conf_node *name = conf_get(node, "name"), *prefix = conf_get(node, "prefix");
    if (!name == !prefix)
        return conf_refuse(node, s->diag,
                           "an entry of `zones`: expected either `name` or `prefix`, found %s",
                           name ? "both" : "neither");
    r = read_zone_values(s, node, &settings, &values);
    if (r == 0)
        r = require_settings(s, node, &settings);
    if (r < 0)
        return r;
    const struct conf_node *cnames = conf_get(node, "cnames");
    if (cnames && !conf_get(node, "zone"))
        return conf_refuse(cnames->key, s->diag,
                           "`cnames`: it is for a zone with `zone` (RFC 2317)");
    if (conf_get(node, "zone"))
        return read_classless_zone(s, node, &values, &settings);
    return name ? read_named_zone(s, node, &values, &settings)
                : read_prefix_zones(s, node, &values, &settings);
}

int source_read_zones(struct source *s, const struct conf_node *node)
{
    int r = conf_expect(node, CONF_SEQUENCE, "`zones`", s->diag);
    for (const struct conf_node *n = node->first; n && r == 0; n = n->next)
        r = source_read_zone(s, n);
    return r;
}
