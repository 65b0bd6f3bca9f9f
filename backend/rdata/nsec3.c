#include <string.h>

#include <ldns/ldns.h>

#include "ptrd/rdata/key.h"

#define ALGORITHM_SHA1 1
#define FLAG_OPT_OUT 1

_Static_assert(NSEC3_HASH_LEN == LDNS_SHA1_DIGEST_LENGTH, "the hash of RFC 5155 is SHA-1");

/* --- parameters ------------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

/* The text up to the next blank, which is left behind together with those after it. */
static size_t next_field(struct cursor *c, const char **field)
{
    *field = c->at;
    while (c->at < c->end && *c->at != ' ')
        c->at++;
    size_t len = (size_t)(c->at - *field);
    while (c->at < c->end && *c->at == ' ')
        c->at++;
    return len;
}

static int read_number(struct cursor *c, unsigned max, unsigned *out)
{
    const char *field;
    size_t len = next_field(c, &field);
    unsigned number = 0;
    if (len == 0 || len > 5)
        return PTRD_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (field[i] < '0' || field[i] > '9')
            return PTRD_EINVAL;
        number = number * 10 + (unsigned)(field[i] - '0');
    }
    *out = number;
    return number <= max ? 0 : PTRD_EINVAL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int read_salt(struct cursor *c, struct nsec3_params *p)
{
    const char *field;
    size_t len = next_field(c, &field);
    p->salt_len = 0;
    if (len == 1 && *field == '-')
        return 0;
    if (len == 0 || len % 2 || len / 2 > sizeof p->salt)
        return PTRD_EINVAL;
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_digit(field[2 * i]), low = hex_digit(field[2 * i + 1]);
        if (high < 0 || low < 0)
            return PTRD_EINVAL;
        p->salt[i] = (uint8_t)(high << 4 | low);
    }
    p->salt_len = (uint8_t)(len / 2);
    return 0;
}

int rdata_nsec3_params(const char *text, size_t len, struct nsec3_params *out)
{
    struct cursor c = {text, text + len};
    struct nsec3_params p = {0};
    unsigned algorithm, flags, iterations;
    if (read_number(&c, UINT8_MAX, &algorithm) < 0 || read_number(&c, UINT8_MAX, &flags) < 0 ||
        read_number(&c, UINT16_MAX, &iterations) < 0 || read_salt(&c, &p) < 0 || c.at != c.end ||
        algorithm != ALGORITHM_SHA1 || (flags != 0 && flags != FLAG_OPT_OUT))
        return PTRD_EINVAL;
    p.algorithm = (uint8_t)algorithm;
    p.flags = (uint8_t)flags;
    p.iterations = (uint16_t)iterations;
    *out = p;
    return 0;
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* RFC 5155 5: IH(0) = H(name, salt), IH(k) = H(IH(k - 1), salt). A struct name is lower case. */
void rdata_nsec3_hash(const struct nsec3_params *p, const struct name *name,
                      uint8_t out[NSEC3_HASH_LEN])
{
    uint8_t input[NAME_WIRE_MAX + sizeof p->salt];
    memcpy(input, name->wire, name->len);
    memcpy(input + name->len, p->salt, p->salt_len);
    ldns_sha1(input, name->len + (unsigned)p->salt_len, out);
    memcpy(input + NSEC3_HASH_LEN, p->salt, p->salt_len);
    for (unsigned i = 0; i < p->iterations; i++) {
        memcpy(input, out, NSEC3_HASH_LEN);
        ldns_sha1(input, NSEC3_HASH_LEN + (unsigned)p->salt_len, out);
    }
}
