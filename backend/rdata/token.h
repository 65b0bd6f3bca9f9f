/* The words of a record's content, and the growing buffers that the checked record is built in.
 *
 * Words are what RFC 1035 5.1 puts on one line: separated by blanks, `"..."` holds blanks, `\X` and
 * `\DDD` escape; in `key="..."` (RFC 9460 2.1) the quotes stay part of the word. What only makes
 * sense in a whole master file (parentheses, comments, line ends) is refused. Tokens borrow the
 * content. struct bytes is sticky: after a failed append it stays failed, and is looked at once, at
 * the end. */
#ifndef PTRD_RDATA_TOKEN_H
#define PTRD_RDATA_TOKEN_H

#include "ptrd/rdata/rdata.h"

struct token {
    const char *text; /* without the quotes */
    size_t len;
    bool quoted;
};

struct tokens {
    struct token *items; /* owned */
    size_t count;
};

/* PTRD_EINVAL with *why a fixed text, or PTRD_ENOMEM. */
PTRD_CHECKED int tokens_split(const char *content, size_t len, struct tokens *out,
                              const char **why) PTRD_NONNULL;
void tokens_done(struct tokens *t) PTRD_NONNULL;

struct bytes {
    uint8_t *at; /* owned */
    size_t len, capacity;
    int failed; /* 0, PTRD_ENOMEM, or PTRD_ELIMIT beyond RDATA_TEXT_MAX */
};

void bytes_add(struct bytes *b, const void *data, size_t len) PTRD_NONNULL_ARGS(1);
void bytes_add_text(struct bytes *b, const char *text) PTRD_NONNULL;
/* Big endian. */
void bytes_add_number(struct bytes *b, uint64_t value, unsigned octets) PTRD_NONNULL;
void bytes_done(struct bytes *b) PTRD_NONNULL;

/* Appends the octets that a word stands for, escapes resolved. PTRD_EINVAL: a bad escape. */
PTRD_CHECKED int token_octets(const struct token *t, struct bytes *out) PTRD_NONNULL;

/* Appends octets as a quoted character-string. */
void bytes_add_quoted(struct bytes *b, const uint8_t *octets, size_t len) PTRD_NONNULL_ARGS(1);

#endif
