/* Lines on stderr: "ptrd: TEXT", each in one write, control characters masked. Any thread. */
#ifndef PTRD_SERVER_LOG_H
#define PTRD_SERVER_LOG_H

#include <pthread.h>

#include "ptrd/core/compiler.h"

void log_line(const char *format, ...) PTRD_FORMAT(1, 2);

/* For events that clients can cause: at most LOG_LIMIT_LINES a second of one limit; the number of
 * those left out is told with the next line that is written. */
#define LOG_LIMIT_LINES 5

struct log_limit {
    pthread_mutex_t lock;
    int64_t second;
    unsigned lines;
    unsigned long left_out;
};

void log_limit_init(struct log_limit *l) PTRD_NONNULL;
void log_limited(struct log_limit *l, const char *format, ...) PTRD_FORMAT(2, 3);
/* Tells what is still untold, at the end. */
void log_limit_done(struct log_limit *l) PTRD_NONNULL;

#endif
