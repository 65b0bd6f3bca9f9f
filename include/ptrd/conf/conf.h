/* YAML with exact positions (the only user of libyaml).
 *
 * A document is read into a tree of nodes that keep line and column (from 1) and, for mappings, the
 * order of the file. Duplicate keys, anchors, aliases, tags, several documents and invalid UTF-8
 * are refused. Scalars stay text; the typed getters say "expected ..., found ..." with the
 * position. Where libyaml stops at an IPv6 text that begins or ends with ':', at a template, `@` or
 * `*` without quotes, the message says so. One thread a document. */
#ifndef PTRD_CONF_CONF_H
#define PTRD_CONF_CONF_H

#include "ptrd/core/error.h"

enum conf_kind { CONF_SCALAR, CONF_MAPPING, CONF_SEQUENCE };

struct conf_node {
    enum conf_kind kind;
    bool quoted; /* SCALAR written in quotes or as a block: never null/bool/number */
    bool exact;  /* SCALAR on one line without escapes: character i stands at column + quoted + i */
    uint32_t line, column;
    const char *text; /* SCALAR; NUL-terminated */
    size_t text_len;
    const struct conf_node *key;   /* in a mapping: the node of this value's key (a SCALAR) */
    const struct conf_node *next;  /* next entry of the parent */
    const struct conf_node *first; /* MAPPING, SEQUENCE: first value */
    size_t count;
};

struct conf_doc; /* owns all nodes */

/* Reads a file. diag->file is set to path (borrowed). PTRD_EINVAL, PTRD_ENOMEM or -errno (diag says
 * why). An empty document gives *root = an empty mapping. */
PTRD_CHECKED int conf_read(const char *path, struct conf_doc **out, const struct conf_node **root,
                           struct diag *diag) PTRD_NONNULL;
/* The same from memory; path is for messages. */
PTRD_CHECKED int conf_parse(const char *path, const char *text, size_t len, struct conf_doc **out,
                            const struct conf_node **root, struct diag *diag) PTRD_NONNULL;
void conf_free(struct conf_doc *doc);

#define CONF_SIZE_MAX (512u << 20) /* bytes of one document */
#define CONF_DEPTH_MAX 32          /* nested collections */

/* `text` as messages show it: in backquotes, cut after 60 characters, control characters as '?'.
 * Returns out, which is always terminated. */
#define CONF_QUOTE_SIZE 272
const char *conf_quote(const char *text, size_t len, char out[CONF_QUOTE_SIZE]) PTRD_NONNULL;

/* Nothing stands there: an unquoted empty text, `~` or `null`. */
bool conf_is_null(const struct conf_node *node) PTRD_NONNULL;

/* Refuses: fills diag with the node's position and the message; returns PTRD_EINVAL. */
int conf_refuse(const struct conf_node *node, struct diag *diag, const char *format, ...)
    PTRD_FORMAT(3, 4);

/* "a mapping", "a list", "the text `x`" ...: what a node is, for "expected ..., found ...". */
void conf_describe(const struct conf_node *node, char *out, size_t size) PTRD_NONNULL;

/* Value of a key, or NULL. */
const struct conf_node *conf_get(const struct conf_node *mapping, const char *key) PTRD_NONNULL;

/* Refuses a node that is not of the kind; `what` names it in the message ("`zones`"). */
PTRD_CHECKED int conf_expect(const struct conf_node *node, enum conf_kind kind, const char *what,
                             struct diag *diag) PTRD_NONNULL;

/* Refuses keys that are not in the NULL-terminated list; the message has the list and the nearest
 * spelling. */
PTRD_CHECKED int conf_known(const struct conf_node *mapping, const char *const known[],
                            const char *what, struct diag *diag) PTRD_NONNULL;

/* Unquoted decimal number min..max. */
PTRD_CHECKED int conf_number(const struct conf_node *node, const char *what, uint64_t min,
                             uint64_t max, uint64_t *out, struct diag *diag) PTRD_NONNULL;
/* yes/no/true/false, unquoted. */
PTRD_CHECKED int conf_bool(const struct conf_node *node, const char *what, bool *out,
                           struct diag *diag) PTRD_NONNULL;
/* Any scalar that is not empty. */
PTRD_CHECKED int conf_text(const struct conf_node *node, const char *what, const char **out,
                           size_t *len, struct diag *diag) PTRD_NONNULL;

#endif
