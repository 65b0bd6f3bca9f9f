/* As much of a zone's list as a connection carries.
 *
 * PowerDNS's Unix connector parses a reply anew after every 1,500 bytes: its time grows with the
 * square of the reply, and it gives up after `timeout`. So a list is cut to what it reads in half
 * of that, on a machine as slow as the one that was measured: last things first, and the generated
 * names of a block wholly or not at all. What is left out here was never said not to exist: a zone
 * that lists incompletely must not be transferred. Inside snapshot_begin and end. */
#ifndef PTRD_RESOLVE_WITHIN_H
#define PTRD_RESOLVE_WITHIN_H

#include "ptrd/resolve/resolve.h"

struct list_capacity {
    uint64_t bytes, records; /* empty non-terminals are no records */
};

#define LIST_TIMEOUT_MS 2000 /* PowerDNS's default */
#define LIST_RECORD_BYTES 81 /* a usual record object */

/* Of the two connectors, by the `timeout` of the connection string; 0 on a Unix socket counts as
 * the default, on a pipe as no timeout, where PowerDNS reads a whole line in linear time. */
struct list_capacity list_capacity_unix(int64_t timeout_ms);
struct list_capacity list_capacity_pipe(int64_t timeout_ms);
/* Records of usual size that it has room for. */
uint64_t list_capacity_room(const struct list_capacity *c) PTRD_NONNULL;

struct list_writer {
    /* Writes one row: the bytes that it took, or an error. */
    int64_t (*write)(void *ctx, const struct name *owner, const struct row *row);
    /* Takes back the last bytes. */
    void (*take_back)(void *ctx, uint64_t bytes);
    void *ctx;
    bool probe; /* ends at the first thing left out: only `complete` is wanted */
};

struct list_report {
    bool complete;
    enum list_part part;       /* what is left out first; LIST_GENERATED: blocks */
    struct name from;          /* before the generated names: the first name left out */
    uint64_t records, bytes;   /* written */
    uint32_t blocks, left;     /* asked, and left out */
    const struct block *block; /* the first one left out; of the snapshot's table */
    uint64_t block_names;      /* as list_sink's count */
};

/* As resolve_list. The apex is written whatever the capacity. */
PTRD_CHECKED int resolve_list_within(struct snapshot *s, const struct name *apex, struct answer *a,
                                     const struct list_capacity *capacity,
                                     const struct list_writer *writer,
                                     struct list_report *out) PTRD_NONNULL;

/* What is left out, in words: "2 of 3 blocks, 198.51.0.0/16 with 65536 names the first". */
#define LIST_REPORT_SIZE 1200
void list_report_print(const struct list_report *r, char out[LIST_REPORT_SIZE]) PTRD_NONNULL;

/* About the bytes of a row as a record object. */
uint64_t list_row_bytes(const struct name *owner, const struct row *row) PTRD_NONNULL;

#endif
