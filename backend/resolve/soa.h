/* Private to resolve: the content of a SOA from text into wire form. Pure. */
#ifndef PTRD_RESOLVE_SOA_H
#define PTRD_RESOLVE_SOA_H

#include "ptrd/store/records.h"

#define SOA_WIRE_SIZE (2 * NAME_WIRE_MAX + 5 * 4)

/* The octets written (RFC 1035 3.3.13), or PTRD_ECORRUPT: the text is none. */
PTRD_CHECKED int soa_to_wire(struct span text, uint8_t out[SOA_WIRE_SIZE]) PTRD_NONNULL;

#endif
