/* The text is read and checked here, and written anew for libldns, which so never sees what is not
 * a key: its reader leaks and asserts on some that are not. */
#include "ptrd/rdata/key.h"

#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 16384
#define NUMBER_MAX 512 /* octets: RSA with 4096 bits (RFC 3110 2) */
#define RSA_BITS_MIN 512
#define RSA_EXPONENT_MAX 8 /* octets; what OpenSSL takes with a long modulus */

/* --- algorithms ------------------------------------------------------------------------------- */

static const char *const rsa_fields[] = {"Modulus",   "PublicExponent", "PrivateExponent",
                                         "Prime1",    "Prime2",         "Exponent1",
                                         "Exponent2", "Coefficient"};
static const char *const curve_fields[] = {"PrivateKey"};

struct algorithm {
    uint8_t number;
    bool exact;              /* the private key has no less octets */
    uint16_t private_octets; /* of PrivateKey; 0: RSA */
    uint16_t public_octets;
};

/* RFC 4034 A.1, 5155 2, 5702, 6605, 8080: those that libldns makes keys of. */
static const struct algorithm algorithms[] = {
    {.number = 5},
    {.number = 7},
    {.number = 8},
    {.number = 10},
    {.number = 13, .private_octets = 32, .public_octets = 64},
    {.number = 14, .private_octets = 48, .public_octets = 96},
    {.number = 15, .exact = true, .private_octets = 32, .public_octets = 32},
    {.number = 16, .exact = true, .private_octets = 57, .public_octets = 57},
};

static const struct algorithm *algorithm_of(uint8_t number)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (algorithms[i].number == number)
            return &algorithms[i];
    return NULL;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The value of a field, white space around it taken off. */
struct field {
    const char *text;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct field trim(const char *text, size_t len)
{
    while (len && is_blank(text[len - 1]))
        len--;
    while (len && is_blank(*text))
        text++, len--;
    return (struct field){text, len};
}

static bool name_is(struct field name, const char *wanted)
{
    return strlen(wanted) == name.len && strncasecmp(name.text, wanted, name.len) == 0;
}

/* How many lines have the field; the value of the last. */
static unsigned find(const char *content, size_t len, const char *name, struct field *value)
{
    unsigned count = 0;
    for (const char *at = content, *end = content + len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *colon = memchr(at, ':', (size_t)(stop - at));
        if (colon && name_is(trim(at, (size_t)(colon - at)), name)) {
            *value = trim(colon + 1, (size_t)(stop - colon - 1));
            count++;
        }
        at = stop + 1;
    }
    return count;
}

PTRD_CHECKED static int find_one(const char *content, size_t len, const char *name,
                                 struct field *value, struct diag *diag)
{
    unsigned count = find(content, len, name, value);
    if (count == 1 && value->len)
        return 0;
    return diag_set(diag, PTRD_EINVAL, "private key: %s `%s`",
                    count > 1 ? "more than one line" : "no line", name);
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Base64 of one number (RFC 4648 4): its octets, unless whole without zeros in front. */
static int read_octets(struct field value, bool whole, uint8_t out[NUMBER_MAX], size_t *len)
{
    char text[2 * NUMBER_MAX];
    ldns_rdf *octets = NULL;
    size_t zeros = 0;
    if (value.len >= sizeof text)
        return PTRD_EINVAL;
    memcpy(text, value.text, value.len);
    text[value.len] = '\0';
    ldns_status status = LDNS_STATUS_INVALID_B64;
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
        value.len)
        status = ldns_str2rdf_b64(&octets, text);
    explicit_bzero(text, sizeof text);
    if (status != LDNS_STATUS_OK)
        return PTRD_EINVAL;
    size_t count = ldns_rdf_size(octets);
    uint8_t *data = ldns_rdf_data(octets);
    while (!whole && zeros < count && data[zeros] == 0)
        zeros++;
    *len = count - zeros;
    if (*len <= NUMBER_MAX)
        memcpy(out, data + zeros, *len);
    explicit_bzero(data, count);
    ldns_rdf_deep_free(octets);
    return *len && *len <= NUMBER_MAX ? 0 : PTRD_EINVAL;
}

static int read_number(struct field value, const char *name, bool whole, uint8_t out[NUMBER_MAX],
                       size_t *len, struct diag *diag)
{
    if (read_octets(value, whole, out, len) == 0)
        return 0;
    return diag_set(diag, PTRD_EINVAL, "private key: `%s` is no number of 1 to %d octets in base64",
                    name, NUMBER_MAX);
}

static int check_rsa(unsigned field, const uint8_t *number, size_t len, struct diag *diag)
{
    if (field == 0 && (len < RSA_BITS_MIN / 8 || !(number[len - 1] & 1)))
        return diag_set(diag, PTRD_EINVAL,
                        "private key: the modulus is even, or has less than %d bits", RSA_BITS_MIN);
    if (field == 1 && (len > RSA_EXPONENT_MAX || !(number[len - 1] & 1)))
        return diag_set(diag, PTRD_EINVAL,
                        "private key: the public exponent is even, or has more than %d octets",
                        RSA_EXPONENT_MAX);
    return 0;
}

static int check_curve(const struct algorithm *a, size_t len, struct diag *diag)
{
    if (len <= a->private_octets && (!a->exact || len == a->private_octets))
        return 0;
    return diag_set(diag, PTRD_EINVAL, "private key: %zu octets, expected %u of algorithm %u", len,
                    a->private_octets, a->number);
}

/* --- the text for libldns --------------------------------------------------------------------- */

struct text {
    char bytes[TEXT_MAX];
    size_t len;
};

PTRD_FORMAT(2, 3)
static void put(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    /* every number is bounded: all of them together are far from TEXT_MAX */
    t->len += (size_t)vsnprintf(t->bytes + t->len, sizeof t->bytes - t->len, format, args);
    va_end(args);
}

static int copy_field(const struct algorithm *a, unsigned i, struct field value, struct text *out,
                      struct diag *diag)
{
    const char *name = a->private_octets ? curve_fields[i] : rsa_fields[i];
    uint8_t number[NUMBER_MAX];
    size_t len = 0;
    int err = read_number(value, name, a->exact, number, &len, diag);
    if (err == 0)
        err = a->private_octets ? check_curve(a, len, diag) : check_rsa(i, number, len, diag);
    if (err == 0)
        put(out, "%s: %.*s\n", name, (int)value.len, value.text);
    explicit_bzero(number, sizeof number);
    return err;
}

static int copy_key(const struct algorithm *a, const char *content, size_t len, struct text *out,
                    struct diag *diag)
{
    unsigned count = a->private_octets ? 1 : sizeof rsa_fields / sizeof *rsa_fields;
    put(out, "Private-key-format: v1.2\nAlgorithm: %u (KEY)\n", a->number);
    for (unsigned i = 0; i < count; i++) {
        const char *name = a->private_octets ? curve_fields[i] : rsa_fields[i];
        struct field value;
        int err = find_one(content, len, name, &value, diag);
        if (err == 0)
            err = copy_field(a, i, value, out, diag);
        if (err < 0)
            return err;
    }
    return 0;
}

/* --- DS --------------------------------------------------------------------------------------- */

static int print_ds(const struct name *apex, const ldns_rr *ds, struct rdata *out,
                    struct diag *diag)
{
    char text[128];
    size_t len = 0;
    for (size_t i = 0; i < 4; i++) {
        char *field = ldns_rdf2str(ldns_rr_rdf(ds, i));
        if (!field)
            return PTRD_ENOMEM;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", field);
        free(field);
        if (len >= sizeof text)
            return PTRD_EINVAL;
    }
    return rdata_parse(apex, NULL, RRTYPE_DS, text, len, out, diag);
}

/* Of the DNSKEY's public key libldns says nothing where the private one is no point of the curve.
 */
static bool is_whole(const ldns_rr *dnskey, const struct algorithm *a)
{
    const ldns_rdf *key = dnskey && ldns_rr_rd_count(dnskey) == 4 ? ldns_rr_rdf(dnskey, 3) : NULL;
    if (!key)
        return false;
    return a->public_octets ? ldns_rdf_size(key) == a->public_octets
                            : ldns_rdf_size(key) > RSA_BITS_MIN / 8;
}

static int make_ds(const struct name *apex, uint16_t flags, ldns_key *key,
                   const struct algorithm *a, struct rdata *out, struct diag *diag)
{
    ldns_rdf *owner = ldns_dname_new_frm_data(apex->len, apex->wire);
    if (!owner)
        return PTRD_ENOMEM;
    ldns_key_set_pubkey_owner(key, owner); /* the key's now */
    ldns_key_set_flags(key, flags);
    ldns_rr *dnskey = ldns_key2rr(key);
    bool whole = is_whole(dnskey, a);
    ldns_rr *ds = whole ? ldns_key_rr2ds(dnskey, LDNS_SHA256) : NULL;
    int err = ds ? print_ds(apex, ds, out, diag)
                 : diag_set(diag, PTRD_EINVAL, "private key: no public key follows from it");
    ldns_rr_free(ds);
    ldns_rr_free(dnskey);
    return err < 0 ? err : PTRD_FOUND;
}

static int read_key(struct text *t, ldns_key **out, struct diag *diag)
{
    int line = 0;
    *out = NULL;
    FILE *f = fmemopen(t->bytes, t->len, "r");
    if (!f)
        return PTRD_ENOMEM;
    ldns_status status = ldns_key_new_frm_fp_l(out, f, &line);
    fclose(f);
    if (status == LDNS_STATUS_OK && *out)
        return 0;
    return diag_set(diag, PTRD_EINVAL, "private key: %s",
                    ldns_get_errorstr_by_id(status ? status : LDNS_STATUS_ERR));
}

/* --- the whole -------------------------------------------------------------------------------- */

static int read_algorithm(const char *content, size_t len, uint8_t *out, struct diag *diag)
{
    struct field value;
    unsigned number = 0;
    size_t i = 0;
    int err = find_one(content, len, "Algorithm", &value, diag);
    if (err < 0)
        return err;
    for (; i < value.len && i < 3 && value.text[i] >= '0' && value.text[i] <= '9'; i++)
        number = number * 10 + (unsigned)(value.text[i] - '0');
    if (i == 0 || number == 0 || number > 255 || (i < value.len && value.text[i] != ' '))
        return diag_set(diag, PTRD_EINVAL, "private key: `Algorithm` is no number from 1 to 255");
    *out = (uint8_t)number;
    return 0;
}

static int check_text(const char *content, size_t len, struct diag *diag)
{
    struct field format;
    if (len > TEXT_MAX)
        return diag_set(diag, PTRD_EINVAL, "private key: %zu octets, expected at most %d", len,
                        TEXT_MAX);
    for (size_t i = 0; i < len; i++)
        if ((content[i] < ' ' || content[i] > '~') && content[i] != '\n' && !is_blank(content[i]))
            return diag_set(diag, PTRD_EINVAL, "private key: octet %zu is no text", i);
    int err = find_one(content, len, "Private-key-format", &format, diag);
    if (err == 0 && (format.len < 3 || memcmp(format.text, "v1.", 3) != 0))
        err = diag_set(diag, PTRD_EINVAL, "private key: `Private-key-format` is not v1");
    return err;
}

int rdata_key_ds(const struct name *apex, uint16_t flags, const char *content, size_t len,
                 uint8_t *algorithm, struct rdata *ds, struct diag *diag)
{
    struct text text = {.len = 0};
    struct field engine;
    ldns_key *key = NULL;
    *algorithm = 0;
    int err = check_text(content, len, diag);
    if (err == 0)
        err = read_algorithm(content, len, algorithm, diag);
    if (err < 0)
        return err;
    const struct algorithm *a = algorithm_of(*algorithm);
    if (!a || find(content, len, "Engine", &engine))
        return PTRD_ABSENT;
    err = copy_key(a, content, len, &text, diag);
    if (err == 0)
        err = read_key(&text, &key, diag);
    explicit_bzero(&text, sizeof text);
    if (err == 0)
        err = make_ds(apex, flags, key, a, ds, diag);
    if (key)
        ldns_key_deep_free(key);
    return err;
}
