#include "cli.h"
#include "ptrd/source/store.h"

#include <stdio.h>
#include <string.h>

/* Text as a double-quoted YAML scalar (the escapes are those of JSON). */
static void put_quoted(const char *text, size_t len)
{
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_text(const char *text)
{
    put_quoted(text, strlen(text));
}

static void put_name(const struct name *name)
{
    char text[NAME_TEXT_SIZE];
    put_quoted(text, name_print(name, text));
}

/* Absolute: with the final dot. */
static void put_owner(const struct name *name)
{
    char text[NAME_TEXT_SIZE + 1];
    size_t len = name_print(name, text);
    if (name->len > 1)
        text[len++] = '.';
    put_quoted(text, len);
}

/* --- zones ------------------------------------------------------------------------------------ */

static void put_soa(const struct store_zone *z)
{
    fputs("    soa: {mname: ", stdout);
    put_name(&z->soa.mname);
    fputs(", rname: ", stdout);
    put_name(&z->soa.rname);
    printf(", refresh: %u, retry: %u, expire: %u, minimum: %u}\n", z->soa.refresh_s, z->soa.retry_s,
           z->soa.expire_s, z->soa.minimum_s);
}

static void put_metadata(const struct model_zone *z)
{
    if (!z->metadata_count)
        return;
    fputs("    metadata:\n", stdout);
    for (unsigned i = 0; i < z->metadata_count; i++) {
        fputs("      ", stdout);
        put_text(z->metadata[i].kind);
        fputs(": [", stdout);
        for (unsigned k = 0; k < z->metadata[i].value_count; k++) {
            fputs(k ? ", " : "", stdout);
            put_text(z->metadata[i].values[k]);
        }
        fputs("]\n", stdout);
    }
}

/* The first record that is not before the name. */
static uint32_t first_record(const struct model *m, const struct name *name)
{
    uint32_t low = 0, high = m->record_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&m->records[mid].owner, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The records of a zone are among those from its apex on that lie within it; those of zones below
 * are theirs. */
static void put_records(const struct model *m, const struct table *t, uint32_t zone)
{
    const struct name *apex = &m->zones[zone].apex;
    bool titled = false;
    for (uint32_t i = first_record(m, apex);
         i < m->record_count && name_within(&m->records[i].owner, apex); i++) {
        const struct model_record *r = &m->records[i];
        char type[RRTYPE_TEXT_SIZE];
        const struct zone *own = table_zone_for(t, &r->owner);
        if (!own || own->ref != zone || (r->type == RRTYPE_NS && name_equal(&r->owner, apex)))
            continue;
        if (!titled)
            fputs("    records:\n", stdout);
        titled = true;
        rrtype_print(r->type, type);
        fputs("      - {name: ", stdout);
        put_owner(&r->owner);
        printf(", type: %s, ttl: %u, content: ", type, r->ttl_s);
        put_quoted(r->content, r->content_len);
        fputs("}\n", stdout);
    }
}

static void put_ns(const struct model *m, const struct name *apex)
{
    bool more = false;
    fputs("    ns: [", stdout);
    for (uint32_t i = first_record(m, apex); i < m->record_count; i++) {
        const struct model_record *r = &m->records[i];
        if (!name_equal(&r->owner, apex))
            break;
        if (r->type != RRTYPE_NS)
            continue;
        fputs(more ? ", " : "", stdout);
        put_quoted(r->content, r->content_len);
        more = true;
    }
    fputs("]\n", stdout);
}

static void put_zone(const struct model *m, const struct table *t, uint32_t i)
{
    const struct model_zone *z = &m->zones[i];
    fputs("  - name: ", stdout);
    put_name(&z->apex);
    printf("\n    serial: %u\n    ttl: %u\n", z->serial, z->settings.ttl_s);
    put_soa(&z->settings);
    put_ns(m, &z->apex);
    if (z->settings.forward_auto)
        fputs("    forward_auto: yes\n", stdout);
    put_metadata(z);
    put_records(m, t, i);
}

/* --- blocks and PTRs -------------------------------------------------------------------------- */

static void put_vars(const struct model_block *b)
{
    if (!b->var_count)
        return;
    fputs(", vars: {", stdout);
    for (unsigned i = 0; i < b->var_count; i++) {
        fputs(i ? ", " : "", stdout);
        put_text(b->vars[i].name);
        fputs(": ", stdout);
        put_text(b->vars[i].value);
    }
    putchar('}');
}

static void put_block(const struct model_block *b)
{
    static const char *const kinds[] = {"", "dynamic", "static", "infrastructure", "customer"};
    char range[RANGE_TEXT_SIZE];
    range_print(&b->range, range);
    printf("  - {%s: \"%s\", name: ", strchr(range, '/') ? "prefix" : "range", range);
    if (b->text)
        put_text(b->text);
    else
        fputs("none", stdout);
    printf(", ttl: %u", b->ttl_s);
    put_vars(b);
    if (b->kind > KIND_NONE && b->kind <= KIND_CUSTOMER)
        printf(", kind: %s", kinds[b->kind]);
    fputs(b->flags & BLOCK_REVERSE_EXTERNAL ? ", reverse: external" : "", stdout);
    fputs(b->flags & BLOCK_FORWARD_EXTERNAL ? ", forward: external" : "", stdout);
    fputs(b->flags & BLOCK_SHARED_NAMES ? ", shared_names: yes" : "", stdout);
    fputs("}\n", stdout);
}

/* The PTRs of one address from index i on; returns the index behind them. */
static uint32_t put_ptr(const struct model *m, uint32_t i)
{
    static const char *const forwards[] = {"", "auto", "none", "external"};
    const struct model_ptr *p = &m->ptrs[i];
    struct addr addr = {.num = p->num, .family = (enum family)p->family};
    char text[ADDR_TEXT_SIZE];
    addr_print(&addr, text);
    printf("  \"%s\": {names: [", text);
    uint32_t next = i;
    for (; next < m->ptr_count && m->ptrs[next].num == p->num && m->ptrs[next].family == p->family;
         next++) {
        struct span wire = model_target(m, &m->ptrs[next]);
        struct name name;
        fputs(next > i ? ", " : "", stdout);
        if (name_from_wire(wire.bytes, wire.len, &name) == 0)
            put_name(&name);
    }
    printf("], ttl: %u", p->ttl_s);
    if (p->forward > FORWARD_UNSAID && p->forward <= FORWARD_EXTERNAL)
        printf(", forward: %s", forwards[p->forward]);
    fputs("}\n", stdout);
    return next;
}

static void put_model(const struct model *m, const struct table *t)
{
    fputs("# what `ptrctl dump` found in force\n", stdout);
    fputs(m->zone_count ? "zones:\n" : "zones: []\n", stdout);
    for (uint32_t i = 0; i < m->zone_count; i++)
        put_zone(m, t, i);
    fputs(m->block_count ? "blocks:\n" : "", stdout);
    for (uint32_t i = 0; i < m->block_count; i++)
        put_block(&m->blocks[i]);
    fputs(m->ptr_count ? "ptrs:\n" : "", stdout);
    for (uint32_t i = 0; i < m->ptr_count;)
        i = put_ptr(m, i);
}

/* A table of the zones alone: which zone a record is in. */
static int zone_table(const struct model *m, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    for (uint32_t i = 0; err == 0 && i < m->zone_count; i++)
        err = table_add_zone(b, &m->zones[i].apex, i + 1, false, NULL, i);
    if (err == 0)
        err = table_finish(b, out, NULL, NULL);
    table_builder_free(b);
    return err;
}

int cli_dump(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct store *s;
    struct model *m = NULL;
    struct table *t = NULL;
    if (args->operand || !args->db)
        return cli_usage("dump", "give --db DIR and nothing else");
    int err = store_open(args->db, STORE_OPEN_READ, &s, &diag);
    if (err < 0)
        return cli_refuse(&diag);
    err = source_store_read(s, args->db, &m, &diag);
    store_close(s);
    if (err == 0) {
        err = zone_table(m, &t);
        if (err < 0)
            (void)diag_set(&diag, err, "%s: %s", args->db, ptrd_strerror(err));
    }
    if (err == 0)
        put_model(m, t);
    int status = err < 0 ? cli_refuse(&diag) : CLI_OK; /* diag->file may lie in the model */
    table_free(t);
    model_free(m);
    return status;
}
