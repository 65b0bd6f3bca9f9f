/* Types whose content is no plain sequence of fields: LOC (RFC 1876), APL (RFC 3123), IPSECKEY (RFC
 * 4025), SVCB and HTTPS (RFC 9460). */
#ifndef PTRD_RDATA_SPECIAL_H
#define PTRD_RDATA_SPECIAL_H

#include "field.h"

typedef int record_reader(const struct subject *s, const struct tokens *words, struct bytes *text,
                          struct bytes *wire);

/* The reader of a type, or NULL. Same contract as record_form_read. */
record_reader *record_reader_of(uint16_t type);

PTRD_CHECKED int loc_read(const struct subject *s, const struct tokens *words, struct bytes *text,
                          struct bytes *wire) PTRD_NONNULL;
PTRD_CHECKED int apl_read(const struct subject *s, const struct tokens *words, struct bytes *text,
                          struct bytes *wire) PTRD_NONNULL;
PTRD_CHECKED int ipseckey_read(const struct subject *s, const struct tokens *words,
                               struct bytes *text, struct bytes *wire) PTRD_NONNULL;
PTRD_CHECKED int svcb_read(const struct subject *s, const struct tokens *words, struct bytes *text,
                           struct bytes *wire) PTRD_NONNULL;

#endif
