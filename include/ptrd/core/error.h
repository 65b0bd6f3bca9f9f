/* Error values and diagnostics.
 *
 * A fallible function returns 0 (or a count) on success and a negative value on failure; errno
 * values are carried as -errno, the rest are the PTRD_E* below. "Found" and "absent" are results
 * (PTRD_FOUND, PTRD_ABSENT), never errors. Outputs are untouched on failure unless stated.
 *
 * Text for people (configuration, templates, records) travels in a struct diag, filled by the
 * function that refuses the input; libraries do not print. All functions are re-entrant. */
#ifndef PTRD_CORE_ERROR_H
#define PTRD_CORE_ERROR_H

#include "ptrd/core/compiler.h"

enum ptrd_error {
    PTRD_OK = 0,
    PTRD_EINVAL = -1001,    /* input does not have the form it must have */
    PTRD_ESPACE = -1002,    /* a bounded buffer is full */
    PTRD_ENOMEM = -1003,    /* no memory */
    PTRD_ECORRUPT = -1004,  /* stored bytes are not what the format says */
    PTRD_EVERSION = -1005,  /* the store was written by a newer version */
    PTRD_EBUSY = -1006,     /* another writer holds the lock */
    PTRD_ECONFLICT = -1007, /* two inputs contradict each other */
    PTRD_ELIMIT = -1008,    /* a stated limit is exceeded */
    PTRD_ESTORE = -1009,    /* LMDB failed otherwise */
    PTRD_ELOST = -1010,     /* the connection to the database is gone */
};

enum ptrd_found { PTRD_ABSENT = 0, PTRD_FOUND = 1 };

/* Fixed English text of an error value; never NULL. */
const char *ptrd_strerror(int err);

/* Where an input was refused and why. line and column count from 1; 0 = not known. file is
 * borrowed and must outlive the diag (it is a path given on the command line or in the source). */
struct diag {
    const char *file;
    uint32_t line;
    uint32_t column;
    char message[768];
};

/* Fills diag->message (cut at its size) and returns err, so that refusing is one statement:
 * `return diag_set(diag, PTRD_EINVAL, "...")`. diag may be NULL. */
int diag_set(struct diag *diag, int err, const char *format, ...) PTRD_FORMAT(3, 4);

/* Writes "FILE:LINE:COLUMN: MESSAGE", unknown parts left out, into out, always terminated. */
void diag_print(const struct diag *diag, char *out, size_t size) PTRD_NONNULL;

#endif
