/* libptrd: ptrd's answers inside another process, for pdns_server (lua2, LuaJIT FFI) and the like.
 *
 * A handle belongs to one thread at a time. All handles of a process on one directory share one
 * engine: LMDB lets a process open a store once. Changes of the data are seen by the next call;
 * changed zones and blocks too, or once their table is built (0.1 s with 100,000 blocks), the
 * answers before that being the old ones together. The store may be missing, replaced or
 * unreadable: that is noticed within a hundredth of a second, calls fail until it is there, and
 * answer then. No transaction is held between calls for longer than a second or two, by a thread of
 * the library that ends with the last handle; it blocks all signals. A handle is not used across
 * fork(2).
 *
 * Nothing here ends the process, unwinds the caller's stack, prints, or touches signals; whatever
 * the arguments are, as long as pointers are NULL or valid and texts end with a NUL. (A data.mdb
 * that is shortened in place is beyond that: ptrd(8), FILES.)
 *
 * What a call returns points into the handle and lives until the next call with it. Texts are
 * printable ASCII ended by a NUL, which the length does not count, in the spelling that PowerDNS
 * takes; values of metadata and contents of keys are octets. Names are RFC 1035 5.1 text. */
#ifndef PTRD_EMBED_EMBED_H
#define PTRD_EMBED_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PTRD_ABI 1
#define PTRD_API __attribute__((visibility("default")))

/* Results below 0; all others are counts. */
#define PTRD_FAILED (-1)  /* no answer: ptrd_error says why. Never "there is none" */
#define PTRD_NO_ZONE (-2) /* the name is no zone of this store */
#define PTRD_EMPTY (-3)   /* of ptrd_lookup: an empty non-terminal, not below a delegation */
#define PTRD_PASS 0       /* of ptrd_answer: pass it on */

struct ptrd;

struct ptrd_row {
    const char *name; /* the owner; NULL from ptrd_lookup, where it is the name that was asked */
    const char *content;
    uint32_t name_len, content_len;
    uint32_t ttl_s;
    int32_t zone_id; /* 0: in no zone */
    uint16_t type;   /* 0: an empty non-terminal, without content */
    uint8_t auth;    /* 1, or 0: at or below a delegation */
};

struct ptrd_value {
    const char *kind;  /* NULL where one kind was asked for */
    const char *value; /* NULL: the kind is there and has no values */
    uint32_t kind_len, value_len;
};

struct ptrd_key {
    const char *content;
    uint32_t content_len;
    uint32_t id;
    uint16_t flags;
    uint8_t active, published;
};

struct ptrd_denial {
    const char *before, *after; /* relative to the zone ("." its apex), or hashes */
    const char *unhashed;       /* the owner of before, absolute */
};

/* PTRD_ABI of the library. */
PTRD_API int ptrd_abi(void);

/* dir: of the store, which need not be there yet; a relative one is of the working directory at
 * this call. leaf: "off", "ipv6" or "all" (ptrd(8), --leaf). NULL: no memory, or an argument that
 * is none of these. */
PTRD_API struct ptrd *ptrd_open(const char *dir, const char *leaf);
PTRD_API void ptrd_close(struct ptrd *h); /* NULL is fine */

/* Why the last call with the handle failed; never NULL. */
PTRD_API const char *ptrd_error(const struct ptrd *h);

/* What stands at a name. type: 0 to 65535, 255 for all; zone_id: of the zone that is asked, 0 or
 * less for any. No rows: the name does not exist in that zone, or has none of the type. PTRD_EMPTY:
 * most names above an address are that, and the caller need not look at *rows to know it; its one
 * row is there. */
PTRD_API int ptrd_lookup(struct ptrd *h, const char *name, int type, int32_t zone_id,
                         const struct ptrd_row **rows);

/* A number that stays as long as the store does: what was asked for after this call is the same
 * for as long as it is repeated. 0: the store fails, and ptrd_error says why. What the last call
 * gave stays valid. */
PTRD_API int ptrd_generation(struct ptrd *h);

/* A whole zone, up to 1,100,000 records: beyond that the generated names of a block are left out
 * together, as in `list` of ptrd(8). At least one row, or PTRD_NO_ZONE. */
PTRD_API int ptrd_list(struct ptrd *h, const char *zone, const struct ptrd_row **rows);

/* Metadata of one kind, or of all (kind NULL). Of a zone too large for ptrd_list, the kinds that
 * permit transfers have no values. A leaf is a zone without any. */
PTRD_API int ptrd_metadata(struct ptrd *h, const char *zone, const char *kind,
                           const struct ptrd_value **values);

/* The zone's DNSSEC keys. A leaf has none. */
PTRD_API int ptrd_keys(struct ptrd *h, const char *zone, const struct ptrd_key **keys);

/* The NSEC or NSEC3 record that speaks of a name, which is relative to the zone with this id, or a
 * hash in base32hex (PowerDNS's getBeforeAndAfterNamesAbsolute). 1. */
PTRD_API int ptrd_before_and_after(struct ptrd *h, int32_t zone_id, const char *name,
                                   const struct ptrd_denial **denial);

/* Answers a DNS query (RFC 1035 4.1) in its own packet, for a front such as dnsdist. packet: len
 * octets of query, room for capacity; stream: 0 over UDP, else 1. Returns the length of the
 * complete answer, written in place; PTRD_PASS (0): not for this library, pass it on; PTRD_FAILED
 * (-1): the store fails. With both the packet is untouched, octet for octet. ptrd-embed(3) says
 * what is answered; leaves (ptrd_open) have no part in it. No allocation and no lock once warm. */
PTRD_API int ptrd_answer(struct ptrd *h, uint8_t *packet, size_t len, size_t capacity, int stream);

/* The same for a host that keeps its packets to itself: one call for it, where its language (Lua,
 * in dnsdist) pays for each. The functions get `question` as it is; they give the length of the
 * packet and where it is, set its length keeping the octets (false: not possible), and say whether
 * it came over a stream. The packet has its length back where it was not answered. As ptrd_answer
 * otherwise; PTRD_FAILED where a pointer is NULL. */
struct ptrd_host {
    uint16_t (*len)(const void *question);
    void *(*packet)(const void *question);
    bool (*resize)(void *question, size_t len);
    bool (*stream)(const void *question);
};
PTRD_API int ptrd_answer_in(struct ptrd *h, const struct ptrd_host *host, void *question);

/* What ptrd_answer returned, by all handles of the process since its start, closed ones too. Any
 * thread, at any time. A call without a handle is not counted. */
struct ptrd_counters {
    uint64_t answered, passed, failed;
};
PTRD_API void ptrd_count(struct ptrd_counters *out);

#ifdef __cplusplus
}
#endif

#endif
