/* The table of keys, as --help and the parser share it. */
#ifndef PTRD_SERVER_OPTIONS_HELP_H
#define PTRD_SERVER_OPTIONS_HELP_H

#include <stdio.h>

#include "ptrd/core/compiler.h"

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_MODE, OPTION_LEAF };

struct option_key {
    const char *name;     /* --NAME, and the key of the file */
    const char *argument; /* for --help */
    enum option_kind kind;
    size_t offset, size;  /* of the member of struct options */
    const char *fallback; /* default; "": none */
    unsigned long min, max;
    bool live; /* SIGHUP changes it */
    const char *doc;
};

extern const struct option_key option_keys[];
extern const unsigned option_key_count;

void options_print_help(FILE *out) PTRD_NONNULL;

#endif
