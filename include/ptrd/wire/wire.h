/* A DNS query's octets -> those of its answer (RFC 1035 4.1), for a front that asks no PowerDNS.
 *
 * Answers are those of pdns_server 4.7, order and compression aside, or there is none: whatever is
 * not sure to be answered so is passed on, and the packet is then as it was, octet for octet.
 *
 * Answered are queries of one question, class IN, opcode QUERY, with nothing behind it but one OPT
 * record at most (RFC 6891, version 0), whose name is plain (resolve/plain.h), with
 *   - the A, AAAA or PTR records that the name has,
 *   - no such records, or none of another type that is not named below: NOERROR or NXDOMAIN with
 *     the zone's SOA (RFC 2308; an empty non-terminal exists, RFC 8020).
 * Passed on are names with other octets than letters, digits, - _ /; the root; types that PowerDNS
 * treats specially (ANY and other meta types, those of DNSSEC, private ones); records of other
 * types that are there; NSID (RFC 5001), which PowerDNS answers; what does not fit.
 *
 * The question's octets stay as they are, upper case too; RD is copied, AA set, and DO copied. An
 * answer over UDP has at most 512 octets, or with EDNS as many as the requestor takes, up to
 * WIRE_UDP_MAX. Pure over a snapshot: no sockets, no clock, no allocation once warm, no lock. */
#ifndef PTRD_WIRE_WIRE_H
#define PTRD_WIRE_WIRE_H

#include "ptrd/resolve/resolve.h"

#define WIRE_UDP_MAX 1232 /* PowerDNS's udp-truncation-threshold; also what we say we take */

struct wire_query {
    struct question all; /* for what stands at the name, of any type */
    uint16_t type;
    uint16_t end;     /* of the question in the packet */
    uint16_t payload; /* what the requestor takes over UDP (RFC 6891 6.2.3), at least 512 */
    bool edns, dnssec_ok;
};

/* PTRD_FOUND, or PTRD_ABSENT: to be passed on. Any octets. */
PTRD_CHECKED int wire_read(const uint8_t *packet, size_t len, struct wire_query *out) PTRD_NONNULL;

/* Writes the answer over the query that wire_read gave, in room for `capacity` octets. Returns the
 * length of the whole; PTRD_ABSENT: to be passed on; or an error: the store fails. a is scratch.
 * Inside snapshot_begin and end. */
PTRD_CHECKED int wire_answer(struct snapshot *s, const struct wire_query *q, uint8_t *packet,
                             size_t capacity, bool stream, struct answer *a) PTRD_NONNULL;

#endif
