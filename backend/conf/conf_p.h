/* What the files of backend/conf share: the document's memory and the reading of a file. */
#ifndef PTRD_CONF_CONF_P_H
#define PTRD_CONF_CONF_P_H

#include "ptrd/conf/conf.h"
#include "ptrd/core/arena.h"

struct conf_doc {
    struct arena arena;
};

/* The octet at a place of the source (line and column from 0, in characters), or its end. */
const char *conf_find_place(const char *text, size_t len, size_t line, size_t column) PTRD_NONNULL;

/* Makes the message that an IPv6 text must be quoted when the unquoted word at that place of the
 * source (line and column from 0, in characters) begins or ends with ':'. False: no such word. */
bool conf_hint_ipv6(const char *text, size_t len, size_t line, size_t column, char *out,
                    size_t size) PTRD_NONNULL;

/* What to do about a line that YAML cannot read, to stand behind its message: quotes around a
 * template, `@` or `*`. "" where none of them is near. */
const char *conf_hint_quotes(const char *text, size_t len, size_t line, size_t column) PTRD_NONNULL;

/* True for a word of the letters of an IPv6 address, prefix or range that YAML cannot read
 * unquoted. */
bool conf_ipv6_word(const char *word, size_t len) PTRD_NONNULL PTRD_PURE;

/* Refuses a mapping that holds one key twice. */
PTRD_CHECKED int conf_refuse_duplicates(const struct conf_node *mapping,
                                        struct diag *diag) PTRD_NONNULL;

#endif
