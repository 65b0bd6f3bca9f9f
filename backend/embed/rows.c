/* Records: what stands at a name, and a whole zone. */
#include "handle.h"
#include "ptrd/resolve/within.h"

/* Puts a row; owner NULL: the texts of the rows have none of it, or it is that of the row before.
 */
static void put_row(struct ptrd *h, const struct name *owner, const struct row *row,
                    uint32_t zone_id)
{
    struct ptrd_row *out = handle_item(h, &h->rows);
    if (!out)
        return;
    size_t start = h->text.len;
    if (owner) {
        reply_name(&h->text, (struct span){owner->wire, owner->len});
        out->name_len = handle_text_end(h, start);
    }
    start = h->text.len;
    reply_row_content(&h->text, row);
    out->content_len = handle_text_end(h, start);
    out->ttl_s = row->ttl_s;
    out->zone_id = (int32_t)zone_id;
    out->type = row->type;
    out->auth = row->auth;
}

static int give_rows(struct ptrd *h, const struct ptrd_row **rows)
{
    struct ptrd_row *row = h->rows.items;
    const char *text = h->text.bytes, *name = NULL;
    uint32_t name_len = 0;
    for (size_t i = 0; i < h->rows.count; i++, row++) {
        if (row->name_len > 0) {
            name = text;
            name_len = row->name_len;
            text += name_len + 1;
        }
        row->name = name;
        row->name_len = name_len;
        row->content = text;
        text += row->content_len + 1;
    }
    *rows = h->rows.items;
    return (int)h->rows.count;
}

int ptrd_lookup(struct ptrd *h, const char *name, int type, int32_t zone_id,
                const struct ptrd_row **rows)
{
    struct question q = {.type = (uint16_t)type, .zone_id = zone_id};
    if (!h)
        return PTRD_FAILED;
    if (!rows || type < 0 || type > UINT16_MAX)
        return handle_refuse(h, "lookup", PTRD_EINVAL);
    if (handle_name(h, "lookup", name, &q.name) < 0 || handle_begin(h) < 0)
        return PTRD_FAILED;
    const struct answer *a = &h->answer;
    int err = powerdns_lookup(&h->snapshot, h->leaf, &q, &h->answer);
    for (uint32_t i = 0; err == 0 && i < a->count; i++)
        put_row(h, NULL, &a->rows[i], a->zone ? a->zone->id : 0);
    err = handle_end(h, "lookup", err);
    if (err < 0)
        return err;
    int count = give_rows(h, rows);
    return count == 1 && (*rows)->type == 0 && (*rows)->auth ? PTRD_EMPTY : count;
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
    struct ptrd *h;
    uint32_t zone_id;
    struct name last; /* owner */
};

static int64_t write_row(void *ctx, const struct name *owner, const struct row *row)
{
    struct listing *l = ctx;
    struct ptrd *h = l->h;
    size_t before = h->text.len;
    bool same = h->rows.count > 0 && name_equal(owner, &l->last);
    put_row(h, same ? NULL : owner, row, l->zone_id);
    l->last = *owner;
    return h->text.error ? h->text.error : (int64_t)(h->text.len - before);
}

static void take_back(void *ctx, uint64_t bytes)
{
    struct listing *l = ctx;
    struct ptrd *h = l->h;
    const struct ptrd_row *rows = h->rows.items;
    h->text.len -= bytes;
    while (bytes > 0 && h->rows.count > 0) {
        const struct ptrd_row *row = &rows[--h->rows.count];
        bytes -= row->content_len + 1u;
        if (row->name_len > 0)
            bytes -= row->name_len + 1u;
    }
    l->last = (struct name){.len = 0}; /* the next row tells its owner */
}

static int list(struct ptrd *h, const struct name *apex)
{
    const struct zone *zone = powerdns_zone(&h->snapshot, apex);
    const struct list_capacity capacity = list_capacity_pipe(0);
    struct listing l = {.h = h, .zone_id = zone ? zone->id : 0};
    const struct list_writer writer = {write_row, take_back, &l, false};
    struct list_report report;
    return zone ? resolve_list_within(&h->snapshot, apex, &h->answer, &capacity, &writer, &report)
                : PTRD_ABSENT;
}

int ptrd_list(struct ptrd *h, const char *zone, const struct ptrd_row **rows)
{
    struct name apex;
    if (!h)
        return PTRD_FAILED;
    if (!rows)
        return handle_refuse(h, "list", PTRD_EINVAL);
    if (handle_name(h, "list", zone, &apex) < 0 || handle_begin(h) < 0)
        return PTRD_FAILED;
    int found = list(h, &apex);
    int err = handle_end(h, "list", found);
    if (err < 0 || found == PTRD_ABSENT)
        return err < 0 ? err : PTRD_NO_ZONE;
    return give_rows(h, rows);
}
