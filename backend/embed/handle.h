/* What the calls share: a handle, and its memory for results.
 *
 * Results are put one after the other, their texts into one buffer in the same order; the pointers
 * are set when all is there, as the buffer moves while it grows. */
#ifndef PTRD_EMBED_HANDLE_H
#define PTRD_EMBED_HANDLE_H

#include <stdatomic.h>

#include "ptrd/embed/embed.h"
#include "ptrd/powerdns/powerdns.h"
#include "ptrd/powerdns/reply.h"
#include "shared.h"

struct table_of { /* an array of one kind of result */
    void *items;
    size_t count, capacity, size; /* size: of one */
};

typedef _Atomic uint64_t counter; /* written by the handle's thread, read by any */

struct ptrd {
    struct shared *shared;
    struct snapshot snapshot;
    bool ready; /* the snapshot is made */
    enum leaf_mode leaf;
    struct answer answer;
    struct reply text;
    struct table_of rows, values, keys;
    struct ptrd_denial denial;
    struct diag error;
    uint64_t environment, data; /* at the last ptrd_generation */
    int generation;
    counter answered, passed, failed; /* of ptrd_answer */
    struct ptrd *next;                /* wire.c */
};

/* Empties the results and begins the snapshot; handle_end after 0. */
PTRD_CHECKED int handle_begin(struct ptrd *h) PTRD_NONNULL;
/* The same, and the results stay as they are; snapshot_end after 0. */
PTRD_CHECKED int handle_begin_bare(struct ptrd *h) PTRD_NONNULL;
/* Ends it. err, or the sticky error of the text; PTRD_FAILED with ptrd_error set if there is one.
 */
PTRD_CHECKED int handle_end(struct ptrd *h, const char *what, int err) PTRD_NONNULL;
/* Sets ptrd_error; PTRD_FAILED. */
int handle_refuse(struct ptrd *h, const char *what, int err) PTRD_NONNULL;

/* Room for one more item, zeroed; NULL: the text's sticky error is set. */
void *handle_item(struct ptrd *h, struct table_of *t) PTRD_NONNULL;
/* Ends a text with a NUL; its length. start: where it began. */
uint32_t handle_text_end(struct ptrd *h, size_t start) PTRD_NONNULL;

PTRD_CHECKED int handle_name(struct ptrd *h, const char *what, const char *text, struct name *out)
    PTRD_NONNULL_ARGS(1, 2, 4);

/* The handle's counters are among those of ptrd_count from the one call to the other, and what they
 * had counted then, after it too. */
void handle_count_from(struct ptrd *h) PTRD_NONNULL;
void handle_count_until(struct ptrd *h) PTRD_NONNULL;

#endif
