#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 1400

static void write_line(char line[LINE_SIZE], int len)
{
    if (len < 0)
        return;
    if (len > LINE_SIZE - 2)
        len = LINE_SIZE - 2;
    for (int i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    line[len] = '\n';
    /* a log that cannot be written must not stop the answers */
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)len + 1);
    (void)ignored;
}

static PTRD_FORMAT(1, 0) void log_va(const char *format, va_list args)
{
    char line[LINE_SIZE] = "ptrd: ";
    int n = vsnprintf(line + 6, sizeof line - 6, format, args);
    write_line(line, n < 0 ? n : n + 6);
}

void log_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_va(format, args);
    va_end(args);
}

void log_limit_init(struct log_limit *l)
{
    *l = (struct log_limit){0};
    pthread_mutex_init(&l->lock, NULL);
}

/* True when a line may be written now; *left_out: how many were not since the last one. */
static bool limit_pass(struct log_limit *l, unsigned long *left_out)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&l->lock);
    if (l->second != now.tv_sec) {
        l->second = now.tv_sec;
        l->lines = 0;
    }
    bool pass = l->lines < LOG_LIMIT_LINES;
    *left_out = pass ? l->left_out : 0;
    if (pass) {
        l->lines++;
        l->left_out = 0;
    } else {
        l->left_out++;
    }
    pthread_mutex_unlock(&l->lock);
    return pass;
}

void log_limited(struct log_limit *l, const char *format, ...)
{
    unsigned long left_out;
    va_list args;
    if (!limit_pass(l, &left_out))
        return;
    if (left_out > 0)
        log_line("%lu such lines left out", left_out);
    va_start(args, format);
    log_va(format, args);
    va_end(args);
}

void log_limit_done(struct log_limit *l)
{
    if (l->left_out > 0)
        log_line("%lu lines about connections left out", l->left_out);
    pthread_mutex_destroy(&l->lock);
}
