#include "ptrd/resolve/within.h"

#include <inttypes.h>
#include <stdio.h>

/* --- capacity --------------------------------------------------------------------------------- */

#define RECORDS_MAX 1100000    /* a million PTRs or a /12, and the apex and ENTs beside */
#define BYTES_MAX (900u << 20) /* below REPLY_MAX of powerdns */
/* The Unix connector: 3 s for 1 MB, and the square of it for more; half of the timeout is ours:
 * bytes = 1e6 * sqrt(timeout_s / 2 / 3). */
#define UNIX_BYTES_SQUARED_PER_MS (UINT64_C(1000000000000) / 6000)
/* The pipe connector, byte by byte: 0.35 us each. */
#define PIPE_BYTES_PER_MS 1428

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    return root;
}

static int64_t bounded(int64_t timeout_ms)
{
    const int64_t day = 86400000;
    return timeout_ms <= 0 ? LIST_TIMEOUT_MS : timeout_ms < day ? timeout_ms : day;
}

static struct list_capacity capacity_of(uint64_t bytes)
{
    return (struct list_capacity){.bytes = bytes < BYTES_MAX ? bytes : BYTES_MAX,
                                  .records = RECORDS_MAX};
}

struct list_capacity list_capacity_unix(int64_t timeout_ms)
{
    return capacity_of(square_root((uint64_t)bounded(timeout_ms) * UNIX_BYTES_SQUARED_PER_MS));
}

struct list_capacity list_capacity_pipe(int64_t timeout_ms)
{
    if (timeout_ms == 0)
        return capacity_of(BYTES_MAX);
    return capacity_of((uint64_t)bounded(timeout_ms) * PIPE_BYTES_PER_MS);
}

uint64_t list_capacity_room(const struct list_capacity *c)
{
    uint64_t room = c->bytes / LIST_RECORD_BYTES;
    return room < c->records ? room : c->records;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct within {
    const struct list_capacity *capacity;
    const struct list_writer *writer;
    struct list_report *report;
    bool begun;                        /* the apex is done */
    bool ended;                        /* what follows is left out */
    struct name owner;                 /* of the last row, and what was written of it: */
    uint64_t name_bytes, name_records; /* a name is written whole or not at all */
    uint64_t explicit_records;         /* before the generated names */
    const struct block *block;         /* under way, and what was written before it: */
    uint64_t block_names, block_bytes, block_records;
    uint64_t row_bytes; /* a generated row hardly takes less */
};

static void begin(void *ctx, enum list_part part)
{
    struct within *w = ctx;
    w->begun = true;
    if (!w->ended)
        w->report->part = part;
    w->explicit_records = w->report->records;
}

/* Back to where so much was written. */
static void go_back(struct within *w, uint64_t bytes, uint64_t records)
{
    w->writer->take_back(w->writer->ctx, w->report->bytes - bytes);
    w->report->bytes = bytes;
    w->report->records = records;
    w->owner.len = 0;
}

static int leave_block(struct within *w)
{
    struct list_report *r = w->report;
    if (r->left++ == 0) {
        r->block = w->block;
        r->block_names = w->block_names;
    }
    r->complete = false;
    return w->writer->probe ? PTRD_ELIMIT : 0;
}

/* More blocks like this one need not be tried. */
static int take_back_block(struct within *w)
{
    struct list_report *r = w->report;
    uint64_t rows = r->records - w->block_records, bytes = r->bytes - w->block_bytes;
    if (rows && bytes / rows > w->row_bytes)
        w->row_bytes = bytes / rows;
    go_back(w, w->block_bytes, w->block_records);
    int err = leave_block(w);
    return err < 0 ? err : LIST_ENOUGH;
}

static int end_before(struct within *w, const struct name *owner)
{
    w->report->complete = false;
    w->report->from = *owner;
    w->ended = true;
    go_back(w, w->report->bytes - w->name_bytes, w->report->records - w->name_records);
    return LIST_ENOUGH;
}

static int emit(void *ctx, const struct name *owner, const struct row *row)
{
    struct within *w = ctx;
    struct list_report *r = w->report;
    uint64_t records = row->kind != ROW_ENT;
    if (!name_equal(&w->owner, owner)) {
        w->owner = *owner;
        w->name_bytes = w->name_records = 0;
    }
    int64_t bytes = w->writer->write(w->writer->ctx, owner, row);
    if (bytes < 0)
        return (int)bytes;
    w->name_bytes += (uint64_t)bytes;
    w->name_records += records;
    r->bytes += (uint64_t)bytes;
    r->records += records;
    if (!w->begun || (r->bytes <= w->capacity->bytes && r->records <= w->capacity->records))
        return 0;
    return w->block ? take_back_block(w) : end_before(w, owner);
}

/* At most the explicit ones are listed already. */
static bool may_fit(const struct within *w, uint64_t count)
{
    const struct list_capacity *c = w->capacity;
    const struct list_report *r = w->report;
    uint64_t fresh = count > w->explicit_records ? count - w->explicit_records : 0;
    return r->bytes <= c->bytes && r->records <= c->records && fresh <= c->records - r->records &&
           fresh <= (c->bytes - r->bytes) / w->row_bytes;
}

static int block(void *ctx, const struct block *b, uint64_t count)
{
    struct within *w = ctx;
    struct list_report *r = w->report;
    r->blocks++;
    w->block = b;
    w->block_names = count;
    w->block_bytes = r->bytes;
    w->block_records = r->records;
    if (count != LIST_COUNT_MANY && may_fit(w, count))
        return PTRD_FOUND;
    int err = leave_block(w);
    return err < 0 ? err : PTRD_ABSENT;
}

#define ROW_BYTES_LEAST 48 /* of a record object, without its owner's zone */

int resolve_list_within(struct snapshot *s, const struct name *apex, struct answer *a,
                        const struct list_capacity *capacity, const struct list_writer *writer,
                        struct list_report *out)
{
    struct within w = {.capacity = capacity,
                       .writer = writer,
                       .report = out,
                       .row_bytes = ROW_BYTES_LEAST + apex->len};
    const struct list_sink sink = {.emit = emit, .block = block, .begin = begin, .ctx = &w};
    *out = (struct list_report){.complete = true};
    int err = resolve_list(s, apex, a, &sink);
    return err == PTRD_ELIMIT && writer->probe && !out->complete ? PTRD_FOUND : err;
}

/* --- words ------------------------------------------------------------------------------------ */

void list_report_print(const struct list_report *r, char out[LIST_REPORT_SIZE])
{
    static const char *const what[] = {[LIST_CUTS] = "delegations",
                                       [LIST_EXPLICIT] = "explicit records",
                                       [LIST_DERIVED] = "derived names"};
    char text[NAME_TEXT_SIZE];
    if (r->complete) {
        snprintf(out, LIST_REPORT_SIZE, "nothing");
    } else if (r->part != LIST_GENERATED) {
        name_print(&r->from, text);
        snprintf(out, LIST_REPORT_SIZE, "%s from %s on, and all that follows", what[r->part], text);
    } else {
        range_print(&r->block->range, text);
        int at =
            snprintf(out, LIST_REPORT_SIZE, "%u of %u blocks, %s with ", r->left, r->blocks, text);
        if (r->block_names == LIST_COUNT_MANY)
            snprintf(out + at, LIST_REPORT_SIZE - (size_t)at, "more than 10^18 names%s",
                     r->left > 1 ? " the first" : "");
        else
            snprintf(out + at, LIST_REPORT_SIZE - (size_t)at, "%" PRIu64 " names%s", r->block_names,
                     r->left > 1 ? " the first" : "");
    }
}

uint64_t list_row_bytes(const struct name *owner, const struct row *row)
{
    uint64_t content = row->kind == ROW_ADDR  ? row->addr.family == FAMILY_IPV4 ? 12 : 25
                       : row->kind == ROW_ENT ? 0
                                              : row->bytes.len;
    return ROW_BYTES_LEAST + owner->len + content + (row->auth ? 0 : 9);
}
