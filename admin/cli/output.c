#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int cli_refuse(const struct diag *diag)
{
    char text[1024];
    diag_print(diag, text, sizeof text);
    fprintf(stderr, "ptrctl: %s\n", text);
    return CLI_REFUSED;
}

int cli_usage(const char *command, const char *format, ...)
{
    const char *blank = *command ? " " : "";
    va_list args;
    va_start(args, format);
    fprintf(stderr, "ptrctl%s%s: ", blank, command);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; `ptrctl%s%s --help` tells more\n", blank, command);
    va_end(args);
    return CLI_USAGE;
}

int cli_finish(int status)
{
    bool lost = ferror(stdout);
    if (fflush(stdout) == 0 && !lost)
        return status;
    fprintf(stderr, "ptrctl: cannot write to standard output: %s\n", strerror(errno));
    return status == CLI_OK ? CLI_REFUSED : status;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cli_progress_start(struct cli_progress *p)
{
    *p = (struct cli_progress){.started_ms = now_ms(), .terminal = isatty(STDERR_FILENO)};
}

void cli_progress_show(struct cli_progress *p, const char *phase, uint64_t done, uint64_t total)
{
    static const char bar[] = "########################################";
    int64_t now = now_ms();
    if (!p->terminal || now - p->started_ms < 1000 || now - p->shown_ms < 100)
        return;
    p->shown_ms = now;
    unsigned percent = total ? (unsigned)(100 * (done < total ? done : total) / total) : 0;
    fprintf(stderr, "\r%-20s [%-40.*s] %3u%%", phase, (int)(percent * 40 / 100), bar, percent);
    fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->shown_ms)
        fprintf(stderr, "\r%72s\r", "");
    p->shown_ms = 0;
}
