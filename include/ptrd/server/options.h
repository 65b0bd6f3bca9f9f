/* ptrd's command line and configuration file: one table of keys, each with default, range and
 * explanation, from which --help is printed too. Flags override the file. */
#ifndef PTRD_SERVER_OPTIONS_H
#define PTRD_SERVER_OPTIONS_H

#include "ptrd/core/error.h"
#include "ptrd/resolve/leaf.h"

#define OPTION_TEXT_SIZE 4096

struct options {
    char db[OPTION_TEXT_SIZE];
    char socket[OPTION_TEXT_SIZE];
    char socket_group[OPTION_TEXT_SIZE];
    enum leaf_mode leaf;
    unsigned socket_mode;
    unsigned connections_max;
    unsigned drain_ms;
};

/* What main() is to do. */
enum options_action {
    OPTIONS_SERVE,
    OPTIONS_STDIO,
    OPTIONS_DONE, /* --help, --version, --check-config: printed; *status is the exit status */
};

struct command_line {
    int argc;
    char **argv;
};

/* Reads argv and the file it names. Prints what --help and the like ask for, and to stderr what is
 * wrong: then OPTIONS_DONE with *status 1 (refused) or 2 (usage). */
enum options_action options_read(const struct command_line *line, struct options *out,
                                 int *status) PTRD_NONNULL;

/* Reads the same again (SIGHUP). PTRD_EINVAL or -errno with diag; *out is then unchanged. */
PTRD_CHECKED int options_again(const struct command_line *line, struct options *out,
                               struct diag *diag) PTRD_NONNULL;

/* Calls changed for each key whose value differs and cannot change while ptrd runs. */
void options_compare(const struct options *running, const struct options *read,
                     void (*changed)(const char *key)) PTRD_NONNULL;

#endif
