/* libldns as the second reader: what it makes of a text must be what our table made of it. Only
 * verify.c includes its headers. */
#ifndef PTRD_RDATA_VERIFY_H
#define PTRD_RDATA_VERIFY_H

#include "field.h"

/* text as read by libldns must be wire, octet for octet. */
PTRD_CHECKED int verify_known(const struct subject *s, const struct bytes *text,
                              const struct bytes *wire) PTRD_NONNULL;

/* Types that only libldns knows: it must print back every word that it was given. The printed text
 * and the wire form are appended. */
PTRD_CHECKED int verify_other(const struct subject *s, const struct tokens *words,
                              struct bytes *text, struct bytes *wire) PTRD_NONNULL;

/* Wire form -> text. */
PTRD_CHECKED int verify_spell(const struct subject *s, const struct bytes *wire,
                              struct bytes *out) PTRD_NONNULL;

#endif
