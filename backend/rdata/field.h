/* The fields of the record types, each with its name and range: one table that checks, builds the
 * canonical text and builds the wire form. */
#ifndef PTRD_RDATA_FIELD_H
#define PTRD_RDATA_FIELD_H

#include "token.h"

enum field_kind {
    FIELD_END,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_ALGORITHM,        /* of DNSSEC: a number or its mnemonic (RFC 4034 A.1) */
    FIELD_CERTIFICATE_TYPE, /* of CERT: a number or its mnemonic (RFC 4398 2.1) */
    FIELD_NAME,
    FIELD_A,
    FIELD_AAAA,
    FIELD_STRING,  /* character-string: up to 255 octets (RFC 1035 3.3) */
    FIELD_STRINGS, /* one or more, to the end */
    FIELD_TEXT, /* octets to the end without a length, one quoted word (RFC 8659 4.1, RFC 7553 4) */
    FIELD_TAG,  /* 1..15 letters and digits with a length (RFC 8659 4.1.1) */
    FIELD_HEX,  /* to the end, words joined */
    FIELD_BASE64, /* to the end, words joined */
    FIELD_EUI48,  /* 00-00-5e-00-53-2a (RFC 7043) */
    FIELD_EUI64,
    FIELD_ILNP64, /* 0014:4fff:ff20:ee64 (RFC 6742) */
};

#define FIELDS_MAX 7

struct field {
    const char *name;
    enum field_kind kind;
};

struct record_form {
    uint16_t type;
    struct field fields[FIELDS_MAX + 1];
};

/* The form of a type, or NULL. */
const struct record_form *record_form_of(uint16_t type);

/* What is being checked, for messages. */
struct subject {
    const struct name *owner;
    const struct name *origin; /* of relative names; NULL: all are absolute */
    uint16_t type;
    struct diag *diag;
};

/* "OWNER TYPE: message"; returns PTRD_EINVAL. */
int subject_refuse(const struct subject *s, const char *format, ...) PTRD_FORMAT(2, 3);

/* The same about one word of a field: "OWNER TYPE: FIELD is `WORD`, expected ...". */
int subject_expected(const struct subject *s, const char *field, const struct token *word,
                     const char *expected) PTRD_NONNULL_ARGS(1, 2, 3, 4);

/* The name that a word stands for: absolute, or relative to the origin if there is one. */
PTRD_CHECKED int subject_name(const struct subject *s, const struct token *word, struct name *out,
                              struct diag *why) PTRD_NONNULL;

/* Checks all words against the form and appends canonical text and wire form. */
PTRD_CHECKED int record_form_read(const struct subject *s, const struct record_form *form,
                                  const struct tokens *words, struct bytes *text,
                                  struct bytes *wire) PTRD_NONNULL;

/* Decimal digits only, min..max. */
bool word_number(const struct token *word, uint64_t max, uint64_t *out);

/* Joined hex words as octets; PTRD_EINVAL has been told. */
PTRD_CHECKED int words_hex(const struct subject *s, const char *field, const struct token *words,
                           size_t count, struct bytes *out) PTRD_NONNULL_ARGS(1, 2, 5);
void bytes_add_hex(struct bytes *b, const uint8_t *octets, size_t len);

#endif
