/* Leaves: full reverse names that are answered as zones of their own (fast mode).
 *
 * PowerDNS with its zone cache off first asks for the SOA of the name itself, with no zone's id,
 * then of each name above it until there is one; and from that zone's apex down to the name it asks
 * for NS, label by label. A SOA at the name itself ends both at once: an IPv6 PTR in a /32 takes 3
 * round trips instead of 50. Nothing else tells of the leaf: no NS, so that there is no cut, no DS,
 * keys or metadata, and lookups with the id of the real zone are those of resolve (PowerDNS puts
 * the SOA that it was given first among what stands there).
 *
 * A leaf is the full name of an address (mode LEAF_IPV6: below ip6.arpa; LEAF_ALL: below
 * in-addr.arpa too, and where the PTR of an address stands in an RFC 2317 zone) in a zone that is
 * not signed: it has no active key and no metadata PRESIGNED. A leaf's answers carry no signatures,
 * and a signed zone would prove that there is no such zone. No leaf is the apex of a zone, a name
 * at or below a cut or a DNAME (the leaf would hide them), and a name at which nothing exists while
 * an explicit wildcard covers it (at an apex PowerDNS looks for no wildcard).
 *
 * Inside snapshot_begin and end; a is scratch, whatever it held. No allocation but once a
 * generation of the data, no lock. Inside a writer's snapshot there are no leaves: what edits sees
 * the zones that there are. */
#ifndef PTRD_RESOLVE_LEAF_H
#define PTRD_RESOLVE_LEAF_H

#include "ptrd/resolve/resolve.h"

enum leaf_mode { LEAF_OFF, LEAF_IPV6, LEAF_ALL };

/* "off", "ipv6" or "all"; PTRD_EINVAL for any other text. */
PTRD_CHECKED int leaf_mode_parse(const char *text, enum leaf_mode *out) PTRD_NONNULL;

/* Is the name a leaf at this moment? PTRD_FOUND (a->zone is the zone that it belongs to),
 * PTRD_ABSENT or an error, upon which the caller must not answer at all. */
PTRD_CHECKED int leaf_find(struct snapshot *s, enum leaf_mode mode, const struct name *name,
                           struct answer *a) PTRD_NONNULL;

/* As resolve; but a question for the SOA of a leaf that names no zone (zone_id <= 0) has one row:
 * the SOA of a->zone, to be answered with that zone's id and the question's name as its owner. */
PTRD_CHECKED int leaf_resolve(struct snapshot *s, enum leaf_mode mode, const struct question *q,
                              struct answer *a) PTRD_NONNULL;

#endif
