/* What belongs to a zone as a whole: metadata, keys, and the order of its names. */
#include <string.h>

#include "handle.h"
#include "ptrd/resolve/within.h"

#define NO_VALUE UINT32_MAX

/* PTRD_FOUND: *zone is the zone of ours with this name, or NULL for a leaf; PTRD_ABSENT; an error.
 */
static int find_zone(struct ptrd *h, const struct name *name, const struct zone **zone)
{
    *zone = powerdns_zone(&h->snapshot, name);
    return *zone ? PTRD_FOUND : leaf_find(&h->snapshot, h->leaf, name, &h->answer);
}

/* Of PTRD_FOUND, PTRD_ABSENT or an error: 0, PTRD_NO_ZONE, or PTRD_FAILED. */
static int end(struct ptrd *h, const char *what, int found)
{
    int err = handle_end(h, what, found);
    return err == 0 && found == PTRD_ABSENT ? PTRD_NO_ZONE : err;
}

/* --- metadata --------------------------------------------------------------------------------- */

static uint32_t put_octets(struct ptrd *h, struct span octets)
{
    size_t start = h->text.len;
    reply_put(&h->text, (const char *)octets.bytes, octets.len);
    return handle_text_end(h, start);
}

static void put_kind(void *ctx, struct span kind)
{
    struct ptrd *h = ctx;
    struct ptrd_value *out = handle_item(h, &h->values);
    if (!out)
        return;
    out->kind_len = put_octets(h, kind);
    out->value_len = NO_VALUE;
}

/* The first value of a kind goes beside it. */
static void put_value(void *ctx, struct span value)
{
    struct ptrd *h = ctx;
    struct ptrd_value *values = h->values.items;
    struct ptrd_value *last = h->values.count > 0 ? &values[h->values.count - 1] : NULL;
    if (!last || last->value_len != NO_VALUE)
        last = handle_item(h, &h->values);
    if (last)
        last->value_len = put_octets(h, value);
}

static int give_values(struct ptrd *h, const struct ptrd_value **values)
{
    struct ptrd_value *v = h->values.items;
    const char *text = h->text.bytes, *kind = NULL;
    uint32_t kind_len = 0;
    for (size_t i = 0; i < h->values.count; i++, v++) {
        if (v->kind_len > 0) {
            kind = text;
            kind_len = v->kind_len;
            text += kind_len + 1;
        }
        v->kind = kind;
        v->kind_len = kind_len;
        if (v->value_len == NO_VALUE) {
            v->value_len = 0;
            continue;
        }
        v->value = text;
        text += v->value_len + 1;
    }
    *values = h->values.items;
    return (int)h->values.count;
}

static int64_t count_row(void *ctx, const struct name *owner, const struct row *row)
{
    (void)ctx;
    return (int64_t)list_row_bytes(owner, row);
}

static void count_less(void *ctx, uint64_t bytes)
{
    (void)ctx;
    (void)bytes;
}

/* PTRD_FOUND: ptrd_list gives all of the zone. */
static int lists_whole(struct ptrd *h, const struct zone *zone)
{
    const struct list_capacity capacity = list_capacity_pipe(0);
    const struct list_writer writer = {count_row, count_less, NULL, true};
    struct list_report report;
    int rc =
        resolve_list_within(&h->snapshot, &zone->apex, &h->answer, &capacity, &writer, &report);
    return rc < 0 ? rc : report.complete;
}

static int collect_kind(struct ptrd *h, const struct zone *zone, const char *kind,
                        const struct metadata_sink *sink)
{
    int rc = powerdns_metadata(&h->snapshot, zone, kind, sink);
    if (rc == PTRD_FOUND && h->values.count > 0 && powerdns_permits_transfer(kind)) {
        rc = lists_whole(h, zone);
        if (rc == PTRD_ABSENT)
            h->values.count = 0;
    }
    return rc;
}

static int collect_metadata(struct ptrd *h, const struct name *name, const char *kind)
{
    const struct metadata_sink sink = {put_kind, put_value, h};
    const struct zone *zone;
    int found = find_zone(h, name, &zone), rc = 0;
    if (found == PTRD_FOUND && zone)
        rc = kind ? collect_kind(h, zone, kind, &sink)
                  : powerdns_all_metadata(&h->snapshot, zone, &sink);
    return rc < 0 ? rc : found;
}

int ptrd_metadata(struct ptrd *h, const char *zone, const char *kind,
                  const struct ptrd_value **values)
{
    static const char what[] = "metadata";
    struct name name;
    if (!h)
        return PTRD_FAILED;
    if (!values)
        return handle_refuse(h, what, PTRD_EINVAL);
    if (handle_name(h, what, zone, &name) < 0 || handle_begin(h) < 0)
        return PTRD_FAILED;
    int rc = end(h, what, collect_metadata(h, &name, kind));
    return rc < 0 ? rc : give_values(h, values);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void put_key(void *ctx, uint32_t id, const struct store_key *key)
{
    struct ptrd *h = ctx;
    struct ptrd_key *out = handle_item(h, &h->keys);
    if (!out)
        return;
    out->content_len = put_octets(h, key->content);
    out->id = id;
    out->flags = key->flags;
    out->active = key->active;
    out->published = key->published;
}

static int give_keys(struct ptrd *h, const struct ptrd_key **keys)
{
    struct ptrd_key *k = h->keys.items;
    const char *text = h->text.bytes;
    for (size_t i = 0; i < h->keys.count; i++, k++) {
        k->content = text;
        text += k->content_len + 1;
    }
    *keys = h->keys.items;
    return (int)h->keys.count;
}

static int collect_keys(struct ptrd *h, const struct name *name)
{
    const struct zone *zone;
    int found = find_zone(h, name, &zone), rc = 0;
    if (found == PTRD_FOUND && zone)
        rc = powerdns_keys(&h->snapshot, zone, put_key, h);
    return rc < 0 ? rc : found;
}

int ptrd_keys(struct ptrd *h, const char *zone, const struct ptrd_key **keys)
{
    static const char what[] = "keys";
    struct name name;
    if (!h)
        return PTRD_FAILED;
    if (!keys)
        return handle_refuse(h, what, PTRD_EINVAL);
    if (handle_name(h, what, zone, &name) < 0 || handle_begin(h) < 0)
        return PTRD_FAILED;
    int rc = end(h, what, collect_keys(h, &name));
    return rc < 0 ? rc : give_keys(h, keys);
}

/* --- order ------------------------------------------------------------------------------------ */

static void put_name(struct ptrd *h, const struct name *name)
{
    reply_name(&h->text, (struct span){name->wire, name->len});
    reply_put(&h->text, "", 1);
}

static int give_denial(struct ptrd *h, const struct ptrd_denial **denial)
{
    h->denial.before = h->text.bytes;
    h->denial.after = h->denial.before + strlen(h->denial.before) + 1;
    h->denial.unhashed = h->denial.after + strlen(h->denial.after) + 1;
    *denial = &h->denial;
    return 1;
}

int ptrd_before_and_after(struct ptrd *h, int32_t zone_id, const char *name,
                          const struct ptrd_denial **denial)
{
    static const char what[] = "before and after";
    struct denial d;
    if (!h)
        return PTRD_FAILED;
    if (!name || !denial)
        return handle_refuse(h, what, PTRD_EINVAL);
    if (handle_begin(h) < 0)
        return PTRD_FAILED;
    const struct span text = {(const uint8_t *)name, strlen(name)};
    int err = powerdns_denial(&h->snapshot, zone_id, text, &h->answer, &d);
    if (err == 0) {
        put_name(h, &d.before);
        put_name(h, &d.after);
        put_name(h, &d.unhashed);
    }
    err = handle_end(h, what, err);
    return err < 0 ? err : give_denial(h, denial);
}
