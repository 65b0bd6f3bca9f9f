/* DNSSEC keys and hashes (libldns): what a private key of PowerDNS says of its zone.
 *
 * Re-entrant; allocates memory. */
#ifndef PTRD_RDATA_KEY_H
#define PTRD_RDATA_KEY_H

#include "ptrd/rdata/rdata.h"

/* Reads a private key in the form in which PowerDNS stores it ("Private-key-format: v1.2", the
 * format of BIND) and makes the content of the DS record (RFC 4034 5.1.4, digest type 2, RFC 4509)
 * of the DNSKEY with these flags at apex. algorithm: its number (RFC 4034 A.1). PTRD_FOUND: ds is
 * filled (rdata_done frees it). PTRD_ABSENT: the key is in a hardware module ("Engine:") or of an
 * algorithm that libldns does not know; algorithm is filled where the text says it, else 0.
 * PTRD_EINVAL with diag: no private key. */
PTRD_CHECKED int rdata_key_ds(const struct name *apex, uint16_t flags, const char *content,
                              size_t len, uint8_t *algorithm, struct rdata *ds, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 5, 6);

/* NSEC3PARAM content (RFC 5155 4.3), as PowerDNS keeps it in metadata: "1 0 0 -". flags: 1 is
 * opt-out. PTRD_EINVAL. */
#define NSEC3_HASH_LEN 20
struct nsec3_params {
    uint8_t algorithm, flags; /* 1: SHA-1; */
    uint16_t iterations;
    uint8_t salt_len;
    uint8_t salt[255];
};
PTRD_CHECKED int rdata_nsec3_params(const char *text, size_t len,
                                    struct nsec3_params *out) PTRD_NONNULL;

/* The hash of a name (RFC 5155 5). */
void rdata_nsec3_hash(const struct nsec3_params *p, const struct name *name,
                      uint8_t out[NSEC3_HASH_LEN]) PTRD_NONNULL;

#endif
