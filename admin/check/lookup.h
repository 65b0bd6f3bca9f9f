/* Private to check: finding things in a sorted model. */
#ifndef PTRD_CHECK_LOOKUP_H
#define PTRD_CHECK_LOOKUP_H

#include "ptrd/core/rrtype.h"
#include "ptrd/source/model.h"

/* Records of one owner and type: first index and count (0: none). RRTYPE_ANY: all of the owner. */
uint32_t lookup_records(const struct model *m, const struct name *owner, uint16_t type,
                        uint32_t *first) PTRD_NONNULL;

/* Explicit PTRs of an address. */
uint32_t lookup_ptrs(const struct model *m, const struct addr *addr, uint32_t *first) PTRD_NONNULL;

/* The address that an A or AAAA record holds; false for anything else. */
bool lookup_address(const struct model_record *r, struct addr *out) PTRD_NONNULL;

#endif
