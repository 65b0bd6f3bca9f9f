/* A model as a zones file. Names are written absolute, with their final dot, and quoted: so none is
 * taken for an address, a number or another word of YAML. */
#include "ptrd/source/print.h"

#include "model_p.h"
#include "ptrd/core/rrtype.h"

#include <stdlib.h>
#include <string.h>

struct printing {
    FILE *out;
    const struct model *m;
    struct table *zones;         /* refs are indices of m->zones */
    uint32_t *above, next_above; /* indices of m->above by the zone that holds them */
};

/* Text as a double-quoted YAML scalar (the escapes are those of JSON). */
static void put_quoted(FILE *out, const char *text, size_t len)
{
    putc('"', out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            putc(c, out);
    }
    putc('"', out);
}

static void put_text(FILE *out, const char *text)
{
    put_quoted(out, text, strlen(text));
}

static void put_name(FILE *out, const struct name *name)
{
    char text[NAME_TEXT_SIZE + 1];
    size_t len = name_print(name, text);
    if (name->len > 1)
        text[len++] = '.';
    put_quoted(out, text, len);
}

/* --- zones ------------------------------------------------------------------------------------ */

static void put_soa(FILE *out, const struct store_zone *z)
{
    fputs("    soa: {mname: ", out);
    put_name(out, &z->soa.mname);
    fputs(", rname: ", out);
    put_name(out, &z->soa.rname);
    fprintf(out, ", refresh: %u, retry: %u, expire: %u, minimum: %u}\n", z->soa.refresh_s,
            z->soa.retry_s, z->soa.expire_s, z->soa.minimum_s);
}

static void put_role(FILE *out, const struct store_zone *z)
{
    static const char *const kinds[] = {
        [ZONE_NATIVE] = "native", [ZONE_PRIMARY] = "primary", [ZONE_SECONDARY] = "secondary"};
    if (z->kind == ZONE_PRIMARY || z->kind == ZONE_SECONDARY)
        fprintf(out, "    kind: %s\n", kinds[z->kind]);
    if (!z->primary_count)
        return;
    fputs("    primaries: [", out);
    for (unsigned i = 0; i < z->primary_count; i++) {
        const struct store_primary *p = &z->primaries[i];
        char text[ADDR_TEXT_SIZE];
        bool brackets = p->port && p->addr.family == FAMILY_IPV6;
        addr_print(&p->addr, text);
        fprintf(out, "%s\"%s%s%s", i ? ", " : "", brackets ? "[" : "", text, brackets ? "]" : "");
        if (p->port)
            fprintf(out, ":%u", p->port);
        putc('"', out);
    }
    fputs("]\n", out);
}

static void put_metadata(FILE *out, const struct model_zone *z)
{
    if (!z->metadata_count)
        return;
    fputs("    metadata:\n", out);
    for (unsigned i = 0; i < z->metadata_count; i++) {
        fputs("      ", out);
        put_text(out, z->metadata[i].kind);
        fputs(": [", out);
        for (unsigned k = 0; k < z->metadata[i].value_count; k++) {
            fputs(k ? ", " : "", out);
            put_text(out, z->metadata[i].values[k]);
        }
        fputs("]\n", out);
    }
}

static void put_record(FILE *out, const struct model_record *r, bool *titled)
{
    char type[RRTYPE_TEXT_SIZE];
    if (!*titled)
        fputs("    records:\n", out);
    *titled = true;
    rrtype_print(r->type, type);
    fputs("      - {name: ", out);
    put_name(out, &r->owner);
    fprintf(out, ", type: %s, ttl: %u, content: ", type, r->ttl_s);
    put_quoted(out, r->content, r->content_len);
    fputs("}\n", out);
}

static bool is_apex_ns(const struct model_record *r, const struct model_zone *z)
{
    return r->type == RRTYPE_NS && name_equal(&r->owner, &z->apex);
}

/* The records of a zone are among those from its apex on that lie within it; those of zones below
 * are theirs. Behind them: what it holds above zones below. */
static void put_records(struct printing *p, uint32_t zone)
{
    const struct model *m = p->m;
    const struct model_zone *z = &m->zones[zone];
    bool titled = false;
    for (uint32_t i = model_first_record(m, &z->apex);
         i < m->record_count && name_within(&m->records[i].owner, &z->apex); i++) {
        const struct model_record *r = &m->records[i];
        const struct zone *own = table_zone_for(p->zones, &r->owner);
        if (own && own->ref == zone && !r->made && (z->listed_ns || !is_apex_ns(r, z)))
            put_record(p->out, r, &titled);
    }
    for (; p->next_above < m->above_count; p->next_above++) {
        const struct model_record *r = &m->above[p->above[p->next_above]];
        int order = name_compare(&r->in, &z->apex);
        if (order > 0)
            break;
        if (order == 0 && !r->made)
            put_record(p->out, r, &titled);
    }
}

static void put_ns(FILE *out, const struct model *m, const struct model_zone *z)
{
    bool found = false;
    for (uint32_t i = model_first_record(m, &z->apex);
         !z->listed_ns && i < m->record_count && name_equal(&m->records[i].owner, &z->apex); i++) {
        const struct model_record *r = &m->records[i];
        if (r->type != RRTYPE_NS)
            continue;
        fputs(found ? ", " : "    ns: [", out);
        put_quoted(out, r->content, r->content_len);
        found = true;
    }
    if (found)
        fputs("]\n", out);
}

static void put_zone(struct printing *p, uint32_t i)
{
    const struct model_zone *z = &p->m->zones[i];
    FILE *out = p->out;
    if (z->settings.classless) {
        char prefix[RANGE_TEXT_SIZE];
        prefix_print(&z->settings.prefix, prefix);
        fprintf(out, "  - prefix: \"%s\"\n%s    zone: ", prefix,
                z->settings.no_cnames ? "    cnames: no\n" : "");
    } else {
        fputs("  - name: ", out);
    }
    put_name(out, &z->apex);
    putc('\n', out);
    if (z->has_serial)
        fprintf(out, "    serial: %u\n", z->serial);
    fprintf(out, "    ttl: %u\n", z->settings.ttl_s);
    put_soa(out, &z->settings);
    put_ns(out, p->m, z);
    put_role(out, &z->settings);
    if (z->settings.forward_auto)
        fputs("    forward_auto: yes\n", out);
    put_metadata(out, z);
    put_records(p, i);
}

/* --- blocks, PTRs, delegations ---------------------------------------------------------------- */

static void put_vars(FILE *out, const struct model_block *b)
{
    if (!b->var_count)
        return;
    fputs(", vars: {", out);
    for (unsigned i = 0; i < b->var_count; i++) {
        fputs(i ? ", " : "", out);
        put_text(out, b->vars[i].name);
        fputs(": ", out);
        put_text(out, b->vars[i].value);
    }
    putc('}', out);
}

static void put_block(FILE *out, const struct model_block *b)
{
    static const char *const kinds[] = {"", "dynamic", "static", "infrastructure", "customer"};
    char range[RANGE_TEXT_SIZE];
    range_print(&b->range, range);
    fprintf(out, "  - {%s: \"%s\", name: ", strchr(range, '/') ? "prefix" : "range", range);
    if (b->text)
        put_text(out, b->text);
    else
        fputs("none", out);
    fprintf(out, ", ttl: %u", b->ttl_s);
    put_vars(out, b);
    if (b->kind > KIND_NONE && b->kind <= KIND_CUSTOMER)
        fprintf(out, ", kind: %s", kinds[b->kind]);
    fputs(b->flags & BLOCK_REVERSE_EXTERNAL ? ", reverse: external" : "", out);
    fputs(b->flags & BLOCK_FORWARD_EXTERNAL ? ", forward: external" : "", out);
    fputs(b->flags & BLOCK_SHARED_NAMES ? ", shared_names: yes" : "", out);
    fputs("}\n", out);
}

/* The PTRs of one address from index i on; returns the index behind them. */
static uint32_t put_ptr(FILE *out, const struct model *m, uint32_t i)
{
    static const char *const forwards[] = {"", "auto", "none", "external"};
    const struct model_ptr *p = &m->ptrs[i];
    struct addr addr = {.num = p->num, .family = p->family};
    char text[ADDR_TEXT_SIZE];
    addr_print(&addr, text);
    fprintf(out, "  \"%s\": {names: [", text);
    uint32_t next = i;
    for (; next < m->ptr_count && m->ptrs[next].num == p->num && m->ptrs[next].family == p->family;
         next++) {
        struct span wire = model_target(m, &m->ptrs[next]);
        struct name name;
        fputs(next > i ? ", " : "", out);
        if (name_from_wire(wire.bytes, wire.len, &name) == 0)
            put_name(out, &name);
    }
    fputs("]", out);
    if (p->ttl_s != MODEL_TTL_UNSAID)
        fprintf(out, ", ttl: %u", p->ttl_s);
    if (p->forward != FORWARD_UNSAID)
        fprintf(out, ", forward: %s", forwards[p->forward]);
    fputs("}\n", out);
    return next;
}

static void put_delegation(FILE *out, const struct model_delegation *d)
{
    char prefix[RANGE_TEXT_SIZE];
    prefix_print(&d->prefix, prefix);
    fprintf(out, "  - {prefix: \"%s\", ns: [", prefix);
    for (unsigned i = 0; i < d->ns_count; i++) {
        fputs(i ? ", " : "", out);
        put_name(out, &d->ns[i]);
    }
    fputs("]", out);
    for (unsigned i = 0; i < d->ds_count; i++) {
        fputs(i ? ", " : ", ds: [", out);
        put_text(out, d->ds[i]);
    }
    fputs(d->ds_count ? "]" : "", out);
    if (d->child.len) {
        fputs(", style: ", out);
        put_name(out, &d->child);
    }
    if (d->ttl_s != MODEL_TTL_UNSAID)
        fprintf(out, ", ttl: %u", d->ttl_s);
    fputs("}\n", out);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void put_model(struct printing *p)
{
    const struct model *m = p->m;
    FILE *out = p->out;
    fputs(m->zone_count ? "zones:\n" : "zones: []\n", out);
    for (uint32_t i = 0; i < m->zone_count; i++)
        put_zone(p, i);
    fputs(m->block_count ? "blocks:\n" : "", out);
    for (uint32_t i = 0; i < m->block_count; i++)
        put_block(out, &m->blocks[i]);
    fputs(m->ptr_count ? "ptrs:\n" : "", out);
    for (uint32_t i = 0; i < m->ptr_count;)
        i = put_ptr(out, m, i);
    fputs(m->delegation_count ? "delegations:\n" : "", out);
    for (uint32_t i = 0; i < m->delegation_count; i++)
        put_delegation(out, &m->delegations[i]);
}

static int compare_above(const void *pa, const void *pb, void *ctx)
{
    const struct model *m = ctx;
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    int c = name_compare(&m->above[a].in, &m->above[b].in);
    return c ? c : (a > b) - (a < b);
}

int source_print(FILE *out, const struct model *m)
{
    struct printing p = {.out = out, .m = m};
    p.above = malloc(((size_t)m->above_count + 1) * sizeof *p.above);
    int err = p.above ? model_zone_table(m, &p.zones) : PTRD_ENOMEM;
    if (err == 0) {
        for (uint32_t i = 0; i < m->above_count; i++)
            p.above[i] = i;
        qsort_r(p.above, m->above_count, sizeof *p.above, compare_above, (void *)(uintptr_t)m);
        put_model(&p);
    }
    table_free(p.zones);
    free(p.above);
    return err;
}
