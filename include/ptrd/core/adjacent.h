/* Names next to a name in canonical order (RFC 4034 6.1), as far as names of 255 octets with labels
 * of 63 reach: what minimally covering NSEC records (RFC 4470) are made of. Upper-case letters are
 * no octets of our names, so that 0x40 is followed by 0x5B. Pure and re-entrant. */
#ifndef PTRD_CORE_ADJACENT_H
#define PTRD_CORE_ADJACENT_H

#include "ptrd/core/name.h"

/* The first name below a name: \000.name. PTRD_ABSENT: it has no room below it. */
PTRD_CHECKED int adjacent_below(const struct name *name, struct name *out) PTRD_NONNULL;

/* The first name behind everything at or below a name that lies below apex. PTRD_ABSENT: that is
 * the last of apex. */
PTRD_CHECKED int adjacent_behind(const struct name *name, const struct name *apex,
                                 struct name *out) PTRD_NONNULL;

/* A name a little before one that is not the root. Between the two stand only names with an octet
 * \255 where this one has its last, and those below this one that begin so; and below a label that
 * ends in \000 nothing else than what the shorter label has below it. Where the label is \000 alone
 * it is the name above. */
void adjacent_before(const struct name *name, struct name *out) PTRD_NONNULL;

#endif
