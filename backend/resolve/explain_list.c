#include "ptrd/resolve/explain.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t size_row(void *ctx, const struct name *owner, const struct row *row)
{
    (void)ctx;
    return (int64_t)list_row_bytes(owner, row);
}

static void take_back(void *ctx, uint64_t bytes)
{
    (void)ctx, (void)bytes;
}

int explain_list(struct snapshot *s, const struct name *apex, const struct list_capacity *capacity,
                 struct list_report *out)
{
    const struct list_writer writer = {.write = size_row, .take_back = take_back};
    struct answer a;
    answer_init(&a);
    int found = resolve_list_within(s, apex, &a, capacity, &writer, out);
    answer_done(&a);
    return found;
}

void explain_list_print(const struct list_capacity *capacity, const struct list_report *r,
                        char out[EXPLAIN_LIST_SIZE])
{
    char left[LIST_REPORT_SIZE];
    if (r->complete) {
        snprintf(out, EXPLAIN_LIST_SIZE, "complete, %" PRIu64 " records", r->records);
        return;
    }
    list_report_print(r, left);
    snprintf(out, EXPLAIN_LIST_SIZE,
             "incomplete: the connection has room for about %" PRIu64 " records; left out: %s",
             list_capacity_room(capacity), left);
}
