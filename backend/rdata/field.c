#include "field.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ptrd/core/addr.h"

#define SHOWN_MAX 80 /* octets of a refused word that a message repeats */

int subject_refuse(const struct subject *s, const char *format, ...)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    name_print(s->owner, owner);
    rrtype_print(s->type, type);
    return diag_set(s->diag, PTRD_EINVAL, "%.255s %s: %s", owner, type, message);
}

int subject_expected(const struct subject *s, const char *field, const struct token *word,
                     const char *expected)
{
    bool cut = word->len > SHOWN_MAX;
    return subject_refuse(s, "%s is `%.*s%s`, expected %s", field,
                          (int)(cut ? SHOWN_MAX : word->len), word->text, cut ? "..." : "",
                          expected);
}

bool word_number(const struct token *word, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (word->len == 0 || word->quoted)
        return false;
    for (size_t i = 0; i < word->len; i++) {
        if (word->text[i] < '0' || word->text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(word->text[i] - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}

static int read_number(const struct subject *s, const struct field *f, const struct token *word,
                       unsigned octets, struct bytes *text, struct bytes *wire)
{
    uint64_t value = 0, max = (UINT64_C(1) << (8 * octets)) - 1;
    char shown[64];
    if (!word_number(word, max, &value)) {
        snprintf(shown, sizeof shown, "a number from 0 to %" PRIu64, max);
        return subject_expected(s, f->name, word, shown);
    }
    snprintf(shown, sizeof shown, "%" PRIu64, value);
    bytes_add_text(text, shown);
    bytes_add_number(wire, value, octets);
    return 0;
}

struct mnemonic {
    const char *text;
    uint16_t value;
};

static const struct mnemonic algorithms[] = {{"RSAMD5", 1},
                                             {"DH", 2},
                                             {"DSA", 3},
                                             {"RSASHA1", 5},
                                             {"DSA-NSEC3-SHA1", 6},
                                             {"NSEC3DSA", 6},
                                             {"RSASHA1-NSEC3-SHA1", 7},
                                             {"NSEC3RSASHA1", 7},
                                             {"RSASHA256", 8},
                                             {"RSASHA512", 10},
                                             {"ECC-GOST", 12},
                                             {"ECCGOST", 12},
                                             {"ECDSAP256SHA256", 13},
                                             {"ECDSAP384SHA384", 14},
                                             {"ED25519", 15},
                                             {"ED448", 16},
                                             {"INDIRECT", 252},
                                             {"PRIVATEDNS", 253},
                                             {"PRIVATEOID", 254},
                                             {NULL, 0}};
static const struct mnemonic certificate_types[] = {
    {"PKIX", 1},   {"SPKI", 2},    {"PGP", 3},   {"IPKIX", 4}, {"ISPKI", 5}, {"IPGP", 6},
    {"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254}, {NULL, 0}};

/* A number, or a mnemonic, which becomes its number. */
static int read_mnemonic(const struct subject *s, const struct field *f, const struct token *word,
                         const struct mnemonic *known, unsigned octets, struct bytes *text,
                         struct bytes *wire)
{
    for (; known->text != NULL; known++) {
        char number[8];
        if (word->quoted || strlen(known->text) != word->len ||
            strncasecmp(known->text, word->text, word->len) != 0)
            continue;
        snprintf(number, sizeof number, "%u", known->value);
        bytes_add_text(text, number);
        bytes_add_number(wire, known->value, octets);
        return 0;
    }
    return read_number(s, f, word, octets, text, wire);
}

int subject_name(const struct subject *s, const struct token *word, struct name *out,
                 struct diag *why)
{
    return s->origin != NULL ? name_parse_relative(word->text, word->len, s->origin, out, why)
                             : name_parse(word->text, word->len, out, why);
}

/* The next octet of a name's text, which has been parsed before. */
static uint8_t next_octet(const struct token *word, size_t *at)
{
    const char *c = word->text + *at;
    if (c[0] != '\\') {
        *at += 1;
        return (uint8_t)c[0];
    }
    bool decimal = c[1] >= '0' && c[1] <= '9';
    *at += decimal ? 4 : 2;
    return decimal ? (uint8_t)((c[1] - '0') * 100 + (c[2] - '0') * 10 + (c[3] - '0'))
                   : (uint8_t)c[1];
}

/* RFC 1035 2.3.3: the case of names is kept, as far as the word says them itself. Labels of name
 * are in lower case before; whoever compares content parses its names again. */
static void keep_case(const struct token *word, struct name *name)
{
    size_t at = 0;
    if (word->len == 1 && word->text[0] == '@')
        return; /* stands for the origin */
    for (unsigned label = 0; at < word->len && name->wire[label] != 0;
         label += name->wire[label] + 1u, at++)
        for (unsigned i = 1; i <= name->wire[label]; i++)
            name->wire[label + i] = next_octet(word, &at);
}

static int read_name(const struct subject *s, const struct field *f, const struct token *word,
                     struct bytes *text, struct bytes *wire)
{
    struct name name;
    struct diag why = {0};
    char shown[NAME_TEXT_SIZE];
    if (word->quoted || subject_name(s, word, &name, &why) < 0) {
        subject_expected(s, f->name, word, "a name");
        if (s->diag != NULL && why.message[0] != '\0') {
            size_t used = strlen(s->diag->message);
            snprintf(s->diag->message + used, sizeof s->diag->message - used, " (%.200s)",
                     why.message);
        }
        return PTRD_EINVAL;
    }
    keep_case(word, &name);
    name_print(&name, shown);
    bytes_add_text(text, shown);
    if (name.len > 1) /* the root is "." already */
        bytes_add_text(text, ".");
    bytes_add(wire, name.wire, name.len);
    return 0;
}

static int read_addr(const struct subject *s, const struct field *f, const struct token *word,
                     enum family family, struct bytes *text, struct bytes *wire)
{
    struct addr a;
    char shown[ADDR_TEXT_SIZE];
    if (word->quoted || addr_parse(word->text, word->len, &a) < 0 || a.family != family)
        return subject_expected(s, f->name, word,
                                family == FAMILY_IPV4 ? "an IPv4 address like 192.0.2.1"
                                                      : "an IPv6 address like 2001:db8::1");
    addr_print(&a, shown);
    bytes_add_text(text, shown);
    if (family == FAMILY_IPV6)
        bytes_add_number(wire, (uint64_t)(a.num >> 64), 8);
    bytes_add_number(wire, (uint64_t)a.num, family == FAMILY_IPV6 ? 8 : 4);
    return 0;
}

/* FIELD_STRING with a length octet, FIELD_TEXT without. */
static int read_string(const struct subject *s, const struct field *f, const struct token *word,
                       bool with_length, struct bytes *text, struct bytes *wire)
{
    struct bytes octets = {0};
    int rc = token_octets(word, &octets);
    if (rc < 0)
        rc = subject_expected(s, f->name, word, "\\DDD (000 to 255) or \\ before one character");
    else if (octets.failed != 0)
        rc = octets.failed;
    else if (with_length && octets.len > 255)
        rc = subject_refuse(s,
                            "%s has a string of %zu octets, expected at most 255 (write several "
                            "quoted strings)",
                            f->name, octets.len);
    if (rc == 0) {
        bytes_add_quoted(text, octets.at, octets.len);
        if (with_length)
            bytes_add_number(wire, octets.len, 1);
        bytes_add(wire, octets.at, octets.len);
    }
    bytes_done(&octets);
    return rc;
}

static int read_tag(const struct subject *s, const struct field *f, const struct token *word,
                    struct bytes *text, struct bytes *wire)
{
    bool fine = !word->quoted && word->len >= 1 && word->len <= 15;
    for (size_t i = 0; fine && i < word->len; i++) {
        char c = word->text[i];
        fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
    if (!fine)
        return subject_expected(s, f->name, word, "1 to 15 letters and digits, without quotes");
    bytes_add(text, word->text, word->len);
    bytes_add_number(wire, word->len, 1);
    bytes_add(wire, word->text, word->len);
    return 0;
}

/* Groups of hex digits of a fixed width: EUI48, EUI64 (2 digits, '-'), ILNP64 (1..4, ':'). */
static int read_groups(const struct subject *s, const struct field *f, const struct token *word,
                       unsigned groups, char separator, const char *expected, struct bytes *text,
                       struct bytes *wire)
{
    unsigned octets = separator == ':' ? 2 : 1;
    size_t at = 0;
    for (unsigned g = 0; g < groups; g++) {
        unsigned value = 0, digits = 0;
        for (; at < word->len && word->text[at] != separator && digits < 2 * octets;
             at++, digits++) {
            const char *hex = "0123456789abcdef";
            const char *digit = strchr(hex, word->text[at] | (word->text[at] >= 'A' ? 0x20 : 0));
            if (digit == NULL || *digit == '\0')
                return subject_expected(s, f->name, word, expected);
            value = value * 16 + (unsigned)(digit - hex);
        }
        bool last = g + 1 == groups, ended = at == word->len;
        if (digits == 0 || (octets == 1 && digits != 2) || last != ended ||
            (!last && word->text[at++] != separator))
            return subject_expected(s, f->name, word, expected);
        char shown[8];
        snprintf(shown, sizeof shown, octets == 1 ? "%02x" : "%04x", value);
        bytes_add_text(text, shown);
        if (!last)
            bytes_add(text, &separator, 1);
        bytes_add_number(wire, value, octets);
    }
    return 0;
}

static int read_word(const struct subject *s, const struct field *f, const struct token *word,
                     struct bytes *text, struct bytes *wire)
{
    switch (f->kind) {
    case FIELD_U8:
        return read_number(s, f, word, 1, text, wire);
    case FIELD_U16:
        return read_number(s, f, word, 2, text, wire);
    case FIELD_U32:
        return read_number(s, f, word, 4, text, wire);
    case FIELD_ALGORITHM:
        return read_mnemonic(s, f, word, algorithms, 1, text, wire);
    case FIELD_CERTIFICATE_TYPE:
        return read_mnemonic(s, f, word, certificate_types, 2, text, wire);
    case FIELD_NAME:
        return read_name(s, f, word, text, wire);
    case FIELD_A:
        return read_addr(s, f, word, FAMILY_IPV4, text, wire);
    case FIELD_AAAA:
        return read_addr(s, f, word, FAMILY_IPV6, text, wire);
    case FIELD_TEXT:
        return read_string(s, f, word, false, text, wire);
    case FIELD_TAG:
        return read_tag(s, f, word, text, wire);
    case FIELD_EUI48:
        return read_groups(s, f, word, 6, '-', "six pairs of hex digits like 00-00-5e-00-53-2a",
                           text, wire);
    case FIELD_EUI64:
        return read_groups(s, f, word, 8, '-',
                           "eight pairs of hex digits like 00-00-5e-ef-10-00-00-2a", text, wire);
    case FIELD_ILNP64:
        return read_groups(s, f, word, 4, ':', "four groups of hex digits like 0014:4fff:ff20:ee64",
                           text, wire);
    default:
        return read_string(s, f, word, true, text, wire);
    }
}

static int words_join(const struct token *words, size_t count, struct bytes *out)
{
    for (size_t i = 0; i < count; i++)
        bytes_add(out, words[i].text, words[i].len);
    return out->failed;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int words_hex(const struct subject *s, const char *field, const struct token *words, size_t count,
              struct bytes *out)
{
    struct bytes digits = {0};
    int rc = words_join(words, count, &digits);
    struct token joined = {(const char *)digits.at, digits.len, false};
    for (size_t i = 0; rc == 0 && i < digits.len; i++)
        if (hex_digit(digits.at[i]) < 0)
            rc = subject_expected(s, field, &joined, "hex digits");
    if (rc == 0 && digits.len % 2 != 0)
        rc = subject_refuse(s, "%s has %zu hex digits, expected an even number", field, digits.len);
    for (size_t i = 0; rc == 0 && i < digits.len; i += 2)
        bytes_add_number(out,
                         (uint64_t)(hex_digit(digits.at[i]) * 16 + hex_digit(digits.at[i + 1])), 1);
    bytes_done(&digits);
    return rc;
}

void bytes_add_hex(struct bytes *b, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[4];
        snprintf(pair, sizeof pair, "%02x", octets[i]);
        bytes_add(b, pair, 2);
    }
}

static int base64_digit(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* RFC 4648 4, strict: whole groups, padding at the end only, unused bits zero (3.5). */
static bool base64_decode(const struct bytes *in, struct bytes *out)
{
    if (in->len == 0 || in->len % 4 != 0)
        return false;
    size_t padding = (in->at[in->len - 1] == '=') + (in->at[in->len - 2] == '=');
    if (padding == 2 && in->at[in->len - 1] != '=')
        return false;
    for (size_t i = 0; i < in->len; i += 4) {
        size_t pad = i + 4 == in->len ? padding : 0;
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k >= 4 - pad ? 0 : base64_digit(in->at[i + k]);
            if (digit < 0)
                return false;
            group = group << 6 | (uint32_t)digit;
        }
        if ((group & ((1u << (8 * pad)) - 1)) != 0)
            return false;
        bytes_add_number(out, group >> (8 * pad), (unsigned)(3 - pad));
    }
    return true;
}

static int read_rest(const struct subject *s, const struct field *f, const struct token *words,
                     size_t count, struct bytes *text, struct bytes *wire)
{
    struct bytes joined = {0}, octets = {0};
    int rc = 0;
    if (f->kind == FIELD_HEX) {
        rc = words_hex(s, f->name, words, count, &octets);
        bytes_add_hex(text, octets.at, octets.len);
    } else {
        rc = words_join(words, count, &joined);
        struct token whole = {(const char *)joined.at, joined.len, false};
        if (rc == 0 && !base64_decode(&joined, &octets))
            rc = subject_expected(s, f->name, &whole, "base64 text with its padding (RFC 4648)");
        bytes_add(text, joined.at, joined.len);
    }
    if (rc == 0 && octets.failed == 0)
        bytes_add(wire, octets.at, octets.len);
    else if (rc == 0)
        rc = octets.failed;
    bytes_done(&joined);
    bytes_done(&octets);
    return rc;
}

static bool takes_rest(enum field_kind kind)
{
    return kind == FIELD_HEX || kind == FIELD_BASE64 || kind == FIELD_STRINGS;
}

static unsigned field_count(const struct record_form *form)
{
    unsigned n = 0;
    while (form->fields[n].kind != FIELD_END)
        n++;
    return n;
}

/* "preference exchange": what stands in the type's content. */
static int refuse_count(const struct subject *s, const struct record_form *form, size_t found)
{
    char list[256];
    size_t used = 0;
    for (const struct field *f = form->fields; f->kind != FIELD_END && used < sizeof list; f++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s%s",
                                 f == form->fields ? "" : ", ", f->name,
                                 f->kind == FIELD_STRINGS ? " (one or more)" : "");
    return subject_refuse(s, "%zu word%s, expected: %s", found, found == 1 ? "" : "s", list);
}

int record_form_read(const struct subject *s, const struct record_form *form,
                     const struct tokens *words, struct bytes *text, struct bytes *wire)
{
    unsigned fields = field_count(form);
    bool rest = takes_rest(form->fields[fields - 1].kind);
    if (words->count < fields || (!rest && words->count > fields))
        return refuse_count(s, form, words->count);
    for (unsigned i = 0; i < fields; i++) {
        const struct field *f = &form->fields[i];
        int rc = 0;
        if (i > 0)
            bytes_add_text(text, " ");
        if (f->kind == FIELD_HEX || f->kind == FIELD_BASE64)
            rc = read_rest(s, f, words->items + i, words->count - i, text, wire);
        else
            rc = read_word(s, f, &words->items[i], text, wire);
        for (size_t k = i + 1; rc == 0 && f->kind == FIELD_STRINGS && k < words->count; k++) {
            bytes_add_text(text, " ");
            rc = read_word(s, f, &words->items[k], text, wire);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}
