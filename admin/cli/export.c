/* `ptrctl local export`: local RRsets as parts of a zones file. */
#include "local.h"
#include "ptrd/core/rrtype.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that is printed, copied out of the transaction. */
struct export_rrset {
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
    bool tombstone, hides;
    bool is_ptr; /* belongs into `ptrs:` */
    struct addr addr;
    bool has_zone, secondary, classless;
    struct name apex;
    struct prefix prefix;
    size_t at; /* the order in which they came */
    const char **contents;
    size_t count;
};

/* --- collecting ------------------------------------------------------------------------------- */

static int grow(struct cli_export *x)
{
    if (x->count < x->capacity)
        return 0;
    size_t capacity = x->capacity ? x->capacity * 2 : 64;
    struct export_rrset *items = realloc(x->items, capacity * sizeof *items);
    if (!items)
        return PTRD_ENOMEM;
    x->items = items;
    x->capacity = capacity;
    return 0;
}

static int copy_contents(struct cli_export *x, const struct edit_local *l, struct export_rrset *r)
{
    r->contents = arena_alloc(&x->arena, (l->count + 1) * sizeof *r->contents);
    for (size_t i = 0; r->contents && i < l->count; i++) {
        const struct span *text = &l->contents[i];
        r->contents[i] = arena_strndup(&x->arena, (const char *)text->bytes, text->len);
        if (!r->contents[i])
            return PTRD_ENOMEM;
    }
    r->count = l->count;
    return r->contents ? 0 : PTRD_ENOMEM;
}

static int read_kind(struct cli_export *x, const struct zone *z, bool *secondary)
{
    struct store_buf key = {.bytes = NULL};
    struct store_zone row;
    struct span value;
    int err = store_key_name(&z->apex, &key);
    if (err == 0)
        err = store_get(x->snapshot.reader, STORE_ZONES, (struct span){key.bytes, key.len}, &value);
    if (err == PTRD_FOUND)
        err = store_read_zone(value, &row);
    else
        err = err < 0 ? err : PTRD_ECORRUPT;
    *secondary = err == 0 && row.kind == ZONE_SECONDARY;
    store_buf_done(&key);
    return err;
}

static int place(struct cli_export *x, const struct edit_local *l, struct export_rrset *r)
{
    const struct zone *z = cli_local_zone(&x->snapshot, l);
    struct arpa arpa;
    if (!z)
        return 0;
    r->has_zone = true;
    r->apex = z->apex;
    r->classless = z->classless;
    r->prefix = z->prefix;
    if (l->type == RRTYPE_PTR && !l->above && z->reverse) {
        table_reverse_parse(x->snapshot.table, z, &l->owner, &arpa);
        r->addr = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
        r->is_ptr = arpa.kind == ARPA_FULL && table_home(x->snapshot.table, &r->addr) == z;
    }
    return read_kind(x, z, &r->secondary);
}

int cli_export_add(void *ctx, const struct edit_local *l)
{
    struct cli_export *x = ctx;
    int err = grow(x);
    if (err < 0)
        return err;
    struct export_rrset *r = &x->items[x->count];
    *r = (struct export_rrset){.owner = l->owner,
                               .type = l->type,
                               .ttl_s = l->ttl_s,
                               .tombstone = l->tombstone,
                               .hides = l->hides,
                               .at = x->count};
    err = place(x, l, r);
    if (err == 0)
        err = copy_contents(x, l, r);
    x->count += err == 0;
    return err;
}

void cli_export_done(struct cli_export *x)
{
    free(x->items);
    arena_free(&x->arena);
    x->items = NULL;
}

/* --- printing: octets beyond ASCII are escaped in names and contents already -------------------
 */

static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    putchar('"');
}

static const char *name_text(const struct name *name, char out[NAME_TEXT_SIZE + 1])
{
    size_t len = name_print(name, out);
    if (name->len > 1)
        memcpy(out + len, ".", 2);
    return out;
}

static void put_contents(const struct export_rrset *r)
{
    putchar('[');
    for (size_t i = 0; i < r->count; i++) {
        fputs(i ? ", " : "", stdout);
        put_quoted(r->contents[i]);
    }
    putchar(']');
}

/* Zones in canonical order, in each its SOA and then the order of the list; PTRs behind all of
 * them. */
static int by_place(const void *a, const void *b)
{
    const struct export_rrset *x = a, *y = b;
    int order = x->is_ptr - y->is_ptr;
    if (order == 0 && !x->is_ptr)
        order = name_compare(&x->apex, &y->apex);
    if (order == 0)
        order = (y->type == RRTYPE_SOA) - (x->type == RRTYPE_SOA);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static bool printed(const struct export_rrset *r)
{
    return r->has_zone && !r->secondary && !r->tombstone;
}

static void put_zone(const struct export_rrset *r)
{
    char text[NAME_TEXT_SIZE + 1], prefix[RANGE_TEXT_SIZE];
    name_text(&r->apex, text);
    if (r->classless) {
        prefix_print(&r->prefix, prefix);
        printf("  - prefix: %s\n    zone: ", prefix);
    } else {
        fputs("  - name: ", stdout);
    }
    put_quoted(text);
    putchar('\n');
}

/* The fields of a zone's SOA; its serial is the store's. */
static void put_soa(const struct export_rrset *r)
{
    static const char *const keys[] = {"mname", "rname",  NULL,     "refresh",
                                       "retry", "expire", "minimum"};
    char *text = strdup(r->contents[0]), *rest = text;
    bool first = true;
    printf("    # its TTL is %u: `ttl:` of the zone\n    soa: {", r->ttl_s);
    for (size_t i = 0; text && i < sizeof keys / sizeof *keys; i++) {
        const char *field = strsep(&rest, " ");
        if (!field || !keys[i])
            continue;
        printf("%s%s: ", first ? "" : ", ", keys[i]);
        if (i < 2)
            put_quoted(field);
        else
            fputs(field, stdout);
        first = false;
    }
    puts("}");
    free(text);
}

static bool is_zone_ns(const struct export_rrset *r)
{
    return r->type == RRTYPE_NS && name_equal(&r->owner, &r->apex);
}

/* Records of one name and type add up in a zones file: it must be said that these do not. */
static void put_end(const struct export_rrset *r)
{
    puts(r->hides && !is_zone_ns(r) ? "}    # in place of the one that is there" : "}");
}

static void put_record(const struct export_rrset *r)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE];
    name_print_relative(&r->owner, &r->apex, owner);
    rrtype_print(r->type, type);
    if (is_zone_ns(r))
        puts("      # in place of `ns:`");
    fputs("      - {name: ", stdout);
    put_quoted(owner);
    printf(", type: %s, ttl: %u, content: ", type, r->ttl_s);
    put_contents(r);
    put_end(r);
}

static void put_zones(const struct cli_export *x)
{
    const struct export_rrset *zone = NULL;
    bool records = false;
    for (size_t i = 0; i < x->count; i++) {
        const struct export_rrset *r = &x->items[i];
        if (r->is_ptr || !printed(r))
            continue;
        if (!zone)
            puts("zones:");
        if (!zone || !name_equal(&zone->apex, &r->apex)) {
            put_zone(r);
            records = false;
        }
        zone = r;
        if (r->type == RRTYPE_SOA) {
            put_soa(r);
            continue;
        }
        if (!records)
            puts("    records:");
        records = true;
        put_record(r);
    }
}

static void put_ptrs(const struct cli_export *x)
{
    bool any = false;
    for (size_t i = 0; i < x->count; i++) {
        const struct export_rrset *r = &x->items[i];
        char addr[ADDR_TEXT_SIZE];
        if (!r->is_ptr || !printed(r))
            continue;
        if (!any)
            puts("ptrs:");
        any = true;
        addr_print(&r->addr, addr);
        fputs("  ", stdout);
        put_quoted(addr);
        fputs(": {names: ", stdout);
        put_contents(r);
        printf(", ttl: %u", r->ttl_s);
        put_end(r);
    }
}

/* What no part of a zones file can say. */
static void put_comment(const struct export_rrset *r)
{
    char owner[NAME_TEXT_SIZE + 1], apex[NAME_TEXT_SIZE + 1], addr[ADDR_TEXT_SIZE];
    char type[RRTYPE_TEXT_SIZE];
    rrtype_print(r->type, type);
    printf("#   %s %s", name_text(&r->owner, owner), type);
    addr_print(&r->addr, addr);
    if (r->is_ptr)
        printf(" (`ptrs:` %s)\n", addr);
    else if (r->has_zone)
        printf(" (zone %s)\n", name_text(&r->apex, apex));
    else
        putchar('\n');
}

static bool is_deleted(const struct export_rrset *r)
{
    return r->has_zone && !r->secondary && r->tombstone;
}

static bool is_outside(const struct export_rrset *r)
{
    return !r->has_zone;
}

static void put_comments(const struct cli_export *x, const char *title,
                         bool (*wanted)(const struct export_rrset *r))
{
    bool any = false;
    for (size_t i = 0; i < x->count; i++) {
        if (!wanted(&x->items[i]))
            continue;
        if (!any)
            printf("\n# %s\n", title);
        any = true;
        put_comment(&x->items[i]);
    }
}

void cli_export_print(struct cli_export *x)
{
    size_t secondary = 0;
    if (x->count)
        qsort(x->items, x->count, sizeof *x->items, by_place);
    for (size_t i = 0; i < x->count; i++)
        secondary += x->items[i].secondary;
    printf("# What PowerDNS changed in %s, as parts of a zones file. Once they stand there and are "
           "loaded,\n# `ptrctl local drop --all --db %s` takes them back here.\n",
           x->db, x->db);
    put_zones(x);
    put_ptrs(x);
    put_comments(x, "Deleted; take these out of the zones file:", is_deleted);
    put_comments(x, "In no zone of this store, left out:", is_outside);
    if (secondary)
        printf("\n# %zu RRsets of secondary zones are left out: they come from their primaries.\n",
               secondary);
}
