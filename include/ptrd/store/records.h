/* What the store keeps, as structs, and their encoding as keys and values.
 *
 * Every key and value that LMDB holds is made and read here; decoding checks every length and range
 * and answers PTRD_ECORRUPT, because a store is input. Encoders write into a caller's struct
 * store_buf, which grows; memory of it is malloc'ed and freed by store_buf_done. Decoded spans
 * point into the value: they live as long as the read transaction. Integers are big endian.
 *
 *   table          key                                    value
 *   zones          name key of the apex                   settings (struct store_zone)
 *   zone_ids       name key of the apex, never removed    id, serial, digest
 *   blocks         family, first, ~last (16/4 octets)     template, ttl, flags, kind, vars
 *   ptrs           family, address (4/16 octets)          flags, ttl, wire names
 *   derived        name key of target, family, address    ttl
 *   records        name key, 00, type                     ttl, contents as text
 *   above          as records: what a zone of ours holds at or below the apex of a zone of ours
 *                  inside it (NS and DS of the cut, addresses of its name servers)
 *   delegations    as ptrs, prefix length                 struct store_delegation
 *   cuts           name key                               enum cut_flags: effective NS below an
 *                  apex and DNAMEs, both origins together; made from records and local_records
 *   metadata       zone id, kind                          list of strings
 *   meta           "meta"                                 struct store_meta
 *   sync           as admin/sync/sync_p.h says            what follows a database; no answer
 * and, of origin `local` (accepted through PowerDNS), which no load replaces:
 *   local_ptrs     as ptrs; no names = tombstone
 *   local_records  as records; no contents = tombstone; SOA: its fields, the serial is in zone_ids
 *   local_above    as above; no contents = tombstone
 *   local_metadata as metadata; an empty list = tombstone
 *   tsig           name key                               algorithm, secret (two strings)
 *   zone_state     zone id                                struct store_zone_state
 *   keys           zone id, key id (4 octets each)        struct store_key */
#ifndef PTRD_STORE_RECORDS_H
#define PTRD_STORE_RECORDS_H

#include "ptrd/core/name.h"
#include "ptrd/core/range.h"

struct span {
    const uint8_t *bytes;
    size_t len;
};

enum store_table {
    STORE_ZONES,
    STORE_ZONE_IDS,
    STORE_BLOCKS,
    STORE_PTRS,
    STORE_DERIVED,
    STORE_RECORDS,
    STORE_METADATA,
    STORE_LOCAL_PTRS,
    STORE_LOCAL_RECORDS,
    STORE_META,
    STORE_ABOVE,
    STORE_DELEGATIONS,
    STORE_CUTS,
    STORE_LOCAL_ABOVE,
    STORE_LOCAL_METADATA,
    STORE_TSIG,
    STORE_ZONE_STATE,
    STORE_KEYS,
    STORE_SYNC,
    STORE_TABLES
};

/* Raised when older programs must not read the store. Format 1 (no zone kinds, nothing of the
 * tables from STORE_ABOVE on) and 2 (no keys) are read as well; the next write makes it 3. */
#define STORE_FORMAT 3

struct store_buf {
    uint8_t *bytes;
    size_t len, capacity;
};
void store_buf_done(struct store_buf *buf) PTRD_NONNULL;

struct store_soa {
    struct name mname, rname;
    uint32_t refresh_s, retry_s, expire_s, minimum_s;
};

enum zone_kind { ZONE_NATIVE, ZONE_PRIMARY, ZONE_SECONDARY }; /* RFC 9499 6 */

#define STORE_PRIMARIES_MAX 16
struct store_primary {
    struct addr addr;
    uint16_t port; /* 0: not said */
};

struct store_zone {
    struct store_soa soa;
    uint32_t ttl_s; /* of SOA and NS, and the default of its records */
    bool forward_auto;
    uint8_t kind; /* enum zone_kind */
    bool classless;
    struct prefix prefix; /* classless: of RFC 2317 */
    bool no_cnames;       /* classless: none are made in the zone above */
    uint8_t primary_count;
    struct store_primary primaries[STORE_PRIMARIES_MAX];
};

/* What PowerDNS notes of a zone in its primary and secondary roles. */
struct store_zone_state {
    uint32_t notified_serial;
    int64_t last_check_s; /* unix time; 0: stale */
};

/* A DNSSEC key of a zone, as PowerDNS gave it. */
struct store_key {
    uint16_t flags; /* of the DNSKEY (RFC 4034 2.1.1): 257 with the SEP bit, 256 without */
    uint8_t algorithm;
    bool active, published;
    struct span content; /* the private key as PowerDNS wrote it */
    struct span ds;      /* canonical content of its DS, SHA-256; len 0: none can be made of it */
};

/* A delegation as written; the records that it stands for are in records. */
struct store_delegation {
    struct prefix prefix; /* from the key */
    struct name child;    /* RFC 2317: CNAMEs lead to names directly below it; len 0: none */
    uint32_t ttl_s;
    uint16_t ns_count, ds_count;
    struct span ns; /* wire names, one after the other */
    struct span ds; /* items: canonical content of DS */
};

struct store_zone_id {
    uint32_t id; /* 1 .. 2^31 - 1 */
    uint32_t serial;
    uint8_t digest[32];
};

/* The serial behind old: max(old + 1, now_s), and 1 behind the last number (RFC 1982; 0 is
 * avoided).
 */
uint32_t store_serial_after(uint32_t old, int64_t now_s) PTRD_PURE;

enum block_kind { KIND_NONE, KIND_DYNAMIC, KIND_STATIC, KIND_INFRASTRUCTURE, KIND_CUSTOMER };

#define STORE_VARS_MAX 32
struct store_block {
    struct range range;
    struct span text; /* template text; len 0 = "none" */
    uint32_t ttl_s;
    uint8_t flags; /* enum block_flags of core/table.h */
    uint8_t kind;  /* enum block_kind */
    uint8_t var_count;
    struct {
        struct span name, value;
    } vars[STORE_VARS_MAX];
};

enum ptr_forward { FORWARD_UNSAID, FORWARD_AUTO, FORWARD_NONE, FORWARD_EXTERNAL };

/* names: count wire names one after the other, checked by the decoder. */
struct store_ptr {
    uint32_t ttl_s;
    uint8_t forward; /* enum ptr_forward */
    uint16_t count;
    struct span names;
};

/* contents: count items, each a 16-bit length and that many octets, checked by the decoder. */
struct store_rrset {
    uint16_t type;
    uint16_t count;
    uint32_t ttl_s;
    struct span contents;
};

enum store_source { SOURCE_NONE, SOURCE_FILE, SOURCE_POSTGRES };

struct store_meta {
    uint32_t format;
    uint8_t source; /* enum store_source */
    uint32_t next_zone_id;
    uint32_t next_key_id; /* of all zones together; 1 .. 2^31 - 1, never given twice */
    uint64_t structure;   /* generation of zones, blocks, cuts, DNAMEs, delegations */
    uint64_t data;        /* generation of anything */
    int64_t changed_s;    /* unix time of the last change */
    int64_t contact_s;    /* unix time of the last contact with the source */
};

/* Keys. Each returns 0 or PTRD_ENOMEM, replacing what buf held. */
PTRD_CHECKED int store_key_name(const struct name *name, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_addr(const struct addr *addr, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_block(const struct range *range, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_derived(const struct name *target, const struct addr *addr,
                                   struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_rrset(const struct name *owner, uint16_t type,
                                 struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_metadata(uint32_t zone_id, const char *kind,
                                    struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_delegation(const struct prefix *prefix,
                                      struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_zone_id(uint32_t zone_id, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_key_key(uint32_t zone_id, uint32_t key_id,
                               struct store_buf *buf) PTRD_NONNULL;

/* Keys back. */
PTRD_CHECKED int store_read_key_addr(struct span key, struct addr *out) PTRD_NONNULL;
PTRD_CHECKED int store_read_key_rrset(struct span key, struct name *owner,
                                      uint16_t *type) PTRD_NONNULL;
PTRD_CHECKED int store_read_key_derived(struct span key, struct name *target,
                                        struct addr *addr) PTRD_NONNULL;
PTRD_CHECKED int store_read_key_metadata(struct span key, uint32_t *zone_id,
                                         struct span *kind) PTRD_NONNULL;
PTRD_CHECKED int store_read_key_key(struct span key, uint32_t *zone_id,
                                    uint32_t *key_id) PTRD_NONNULL;

/* Values. */
PTRD_CHECKED int store_write_zone(const struct store_zone *in, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_read_zone(struct span value, struct store_zone *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_zone_id(const struct store_zone_id *in,
                                     struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_read_zone_id(struct span value, struct store_zone_id *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_block(const struct store_block *in,
                                   struct store_buf *buf) PTRD_NONNULL;
/* range comes from the key. */
PTRD_CHECKED int store_read_block(struct span key, struct span value,
                                  struct store_block *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_ptr(const struct store_ptr *in, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_read_ptr(struct span value, struct store_ptr *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_rrset(const struct store_rrset *in,
                                   struct store_buf *buf) PTRD_NONNULL;
/* type is not in the value: set it from the key. */
PTRD_CHECKED int store_read_rrset(struct span value, struct store_rrset *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_delegation(const struct store_delegation *in,
                                        struct store_buf *buf) PTRD_NONNULL;
/* prefix comes from the key. */
PTRD_CHECKED int store_read_delegation(struct span key, struct span value,
                                       struct store_delegation *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_zone_state(const struct store_zone_state *in,
                                        struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_read_zone_state(struct span value,
                                       struct store_zone_state *out) PTRD_NONNULL;
PTRD_CHECKED int store_write_key(const struct store_key *in, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_read_key(struct span value, struct store_key *out) PTRD_NONNULL;
/* The value of a row of cuts. */
PTRD_CHECKED int store_read_cut(struct span value, uint8_t *flags) PTRD_NONNULL;
PTRD_CHECKED int store_write_strings(const struct span *items, unsigned count,
                                     struct store_buf *buf) PTRD_NONNULL;
/* Steps through a list of strings; *at starts at 0. PTRD_FOUND, PTRD_ABSENT (the end) or
 * PTRD_ECORRUPT. */
PTRD_CHECKED int store_next_string(struct span value, size_t *at, struct span *item) PTRD_NONNULL;
PTRD_CHECKED int store_write_meta(const struct store_meta *in, struct store_buf *buf) PTRD_NONNULL;
/* PTRD_EVERSION when format > STORE_FORMAT. */
PTRD_CHECKED int store_read_meta(struct span value, struct store_meta *out) PTRD_NONNULL;

/* Appends one wire name / one content to a span under construction in buf. */
PTRD_CHECKED int store_append_name(const struct name *name, struct store_buf *buf) PTRD_NONNULL;
PTRD_CHECKED int store_append_content(const char *text, size_t len,
                                      struct store_buf *buf) PTRD_NONNULL;
/* Steps through them; *at starts at 0. PTRD_FOUND or PTRD_ABSENT (decoders check the bytes). */
int store_next_name(struct span names, size_t *at, struct span *wire) PTRD_NONNULL;
int store_next_content(struct span contents, size_t *at, struct span *text) PTRD_NONNULL;

#endif
