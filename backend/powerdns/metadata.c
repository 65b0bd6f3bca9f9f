/* Metadata of zones: local in front of the source's by kind; an empty local list hides it. */
#include <string.h>

#include "ptrd/powerdns/powerdns.h"
#include "ptrd/resolve/deny.h"

#define NARROW "NSEC3NARROW"

static struct span span_of(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static int give_values(const struct metadata_sink *sink, struct span value)
{
    struct span item;
    size_t at = 0;
    int rc;
    while ((rc = store_next_string(value, &at, &item)) == PTRD_FOUND)
        sink->value(sink->ctx, item);
    return rc;
}

/* One of the two tables, while the kinds of a zone are walked through. */
struct kinds {
    enum store_table table;
    uint32_t zone_id;
    int state; /* PTRD_FOUND: kind and value are the next; PTRD_ABSENT: no more; or an error */
    struct span kind, value;
};

static void kinds_take(struct kinds *k, int found, struct span key)
{
    uint32_t id;
    k->state = found == PTRD_FOUND ? store_read_key_metadata(key, &id, &k->kind) : found;
    if (found == PTRD_FOUND && k->state == 0)
        k->state = id == k->zone_id ? PTRD_FOUND : PTRD_ABSENT;
}

static void kinds_first(struct kinds *k, struct store_reader *r, const struct store_buf *from)
{
    struct span key;
    int found = store_seek(r, k->table, (struct span){from->bytes, from->len}, &key, &k->value);
    kinds_take(k, found, key);
}

static void kinds_next(struct kinds *k, struct store_reader *r)
{
    struct span key;
    int found = store_next(r, k->table, &key, &k->value);
    kinds_take(k, found, key);
}

/* <0: the kind of a comes first; also when b has none. */
static int kinds_compare(const struct kinds *a, const struct kinds *b)
{
    if (a->state != PTRD_FOUND || b->state != PTRD_FOUND)
        return a->state == PTRD_FOUND ? -1 : 1;
    size_t len = a->kind.len < b->kind.len ? a->kind.len : b->kind.len;
    int order = memcmp(a->kind.bytes, b->kind.bytes, len);
    if (order != 0)
        return order;
    return (a->kind.len > b->kind.len) - (a->kind.len < b->kind.len);
}

static bool is_empty(struct span value)
{
    struct span item;
    size_t at = 0;
    return store_next_string(value, &at, &item) == PTRD_ABSENT;
}

static bool is_kind(const struct kinds *k, const char *kind)
{
    return k->kind.len == strlen(kind) && memcmp(k->kind.bytes, kind, k->kind.len) == 0;
}

static int give_kinds(struct snapshot *s, uint32_t zone_id, const struct store_buf *from,
                      bool narrow, const struct metadata_sink *sink)
{
    struct kinds source = {.table = STORE_METADATA, .zone_id = zone_id};
    struct kinds local = {.table = STORE_LOCAL_METADATA, .zone_id = zone_id};
    int rc = 0;
    kinds_first(&source, s->reader, from);
    kinds_first(&local, s->reader, from);
    while (rc == 0 && source.state >= 0 && local.state >= 0 &&
           (source.state == PTRD_FOUND || local.state == PTRD_FOUND)) {
        int order = kinds_compare(&local, &source);
        struct kinds *one = order <= 0 ? &local : &source;
        /* an empty one of the source is one, as it always was */
        if ((one == &source || !is_empty(one->value)) && !(narrow && is_kind(one, NARROW))) {
            sink->kind(sink->ctx, one->kind);
            rc = give_values(sink, one->value);
        }
        if (order <= 0)
            kinds_next(&local, s->reader);
        if (order >= 0)
            kinds_next(&source, s->reader);
    }
    if (source.state < 0 || local.state < 0)
        rc = source.state < 0 ? source.state : local.state;
    return rc;
}

/* PTRD_FOUND: the zone is one of NSEC3 narrow. */
static int is_narrow(struct snapshot *s, const struct zone *zone)
{
    struct span value, item;
    size_t at = 0;
    int found = resolve_metadata(s, zone->id, "NSEC3PARAM", &value);
    if (found == PTRD_FOUND)
        found = store_next_string(value, &at, &item);
    return found == PTRD_FOUND ? deny_minimally(s, zone) : found;
}

int powerdns_all_metadata(struct snapshot *s, const struct zone *zone,
                          const struct metadata_sink *sink)
{
    struct store_buf from = {0};
    int narrow = is_narrow(s, zone);
    int rc = narrow < 0 ? narrow : store_key_metadata(zone->id, "", &from);
    if (narrow == PTRD_FOUND && rc == 0) {
        sink->kind(sink->ctx, span_of(NARROW));
        sink->value(sink->ctx, span_of("1"));
    }
    if (rc == 0)
        rc = give_kinds(s, zone->id, &from, narrow == PTRD_FOUND, sink);
    store_buf_done(&from);
    return rc;
}

int powerdns_metadata(struct snapshot *s, const struct zone *zone, const char *kind,
                      const struct metadata_sink *sink)
{
    struct span value;
    int rc = strcmp(kind, NARROW) == 0 ? is_narrow(s, zone) : PTRD_ABSENT;
    if (rc == PTRD_FOUND) {
        sink->value(sink->ctx, span_of("1"));
        return rc;
    }
    if (rc == PTRD_ABSENT)
        rc = resolve_metadata(s, zone->id, kind, &value);
    if (rc != PTRD_FOUND)
        return rc;
    rc = give_values(sink, value);
    return rc < 0 ? rc : PTRD_FOUND;
}

bool powerdns_permits_transfer(const char *kind)
{
    return strcmp(kind, "ALLOW-AXFR-FROM") == 0 || strcmp(kind, "TSIG-ALLOW-AXFR") == 0;
}
