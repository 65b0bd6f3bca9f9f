#include "ptrd/rdata/rdata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "special.h"
#include "verify.h"

enum {
    TYPE_MX = 15,
    TYPE_SRV = 33,
    TYPE_LOC = 29,
    TYPE_CERT = 37,
    TYPE_APL = 42,
    TYPE_IPSECKEY = 45,
    TYPE_DS = 43,
    TYPE_SSHFP = 44,
    TYPE_DNSKEY = 48,
    TYPE_TLSA = 52,
    TYPE_SMIMEA = 53,
    TYPE_RKEY = 57,
    TYPE_CDS = 59,
    TYPE_CDNSKEY = 60,
    TYPE_CSYNC = 62,
    TYPE_SVCB = 64,
    TYPE_HTTPS = 65,
    TYPE_DLV = 32769,
    TYPE_LUA = 65402,
};

record_reader *record_reader_of(uint16_t type)
{
    switch (type) {
    case TYPE_LOC:
        return loc_read;
    case TYPE_APL:
        return apl_read;
    case TYPE_IPSECKEY:
        return ipseckey_read;
    case TYPE_SVCB:
    case TYPE_HTTPS:
        return svcb_read;
    default:
        return NULL;
    }
}

/* Why a zone may not hold the type, or NULL. */
static const char *refused_type(uint16_t type)
{
    switch (type) {
    case 0:
        return "type 0 is reserved (RFC 6895 3.1)";
    case 10:
        return "NULL records cannot stand in a zone (RFC 1035 3.3.10)";
    case 24: /* SIG */
    case 30: /* NXT */
    case 46: /* RRSIG */
    case 47: /* NSEC */
    case 50: /* NSEC3 */
    case 51: /* NSEC3PARAM */
        return "made by the signer, cannot be given";
    case 41:
        return "OPT belongs to a message, not to a zone (RFC 6891 6.1.1)";
    case TYPE_LUA:
        return "LUA records are code that PowerDNS would run";
    default:
        return type >= 128 && type <= 255 ? "a query or meta type, no zone holds it (RFC 6895 3.1)"
                                          : NULL;
    }
}

static unsigned digest_octets(uint16_t type, const uint8_t *wire)
{
    switch (type) {
    case TYPE_DS: /* RFC 4034 5.1.3, RFC 4509, RFC 6605, RFC 5933 */
    case TYPE_CDS:
    case TYPE_DLV: {
        static const unsigned sizes[] = {0, 20, 32, 32, 48};
        return wire[3] < 5 ? sizes[wire[3]] : 0;
    }
    case TYPE_SSHFP: /* RFC 4255 3.1.2, RFC 6594 */
        return wire[1] == 1 ? 20 : wire[1] == 2 ? 32 : 0;
    default: /* TLSA, SMIMEA: RFC 6698 2.1.3 */
        return wire[2] == 1 ? 32 : wire[2] == 2 ? 64 : 0;
    }
}

/* What a field's value says about another: lengths of digests, the fixed protocol of keys. */
static int check_sizes(const struct subject *s, const struct bytes *wire)
{
    unsigned head = 0;
    switch (s->type) {
    case TYPE_DS:
    case TYPE_CDS:
    case TYPE_DLV:
        head = 4;
        break;
    case TYPE_SSHFP:
        head = 2;
        break;
    case TYPE_TLSA:
    case TYPE_SMIMEA:
        head = 3;
        break;
    case TYPE_CERT:
        if (wire->len > 1 && wire->at[0] == 0 && wire->at[1] == 0)
            return subject_refuse(s, "certificate type is 0, which is reserved (RFC 4398 2.1)");
        return 0;
    case TYPE_DNSKEY:
    case TYPE_CDNSKEY:
        if (wire->len > 2 && wire->at[2] != 3)
            return subject_refuse(s, "protocol is %u, expected 3 (RFC 4034 2.1.2)", wire->at[2]);
        return 0;
    default:
        return 0;
    }
    if (wire->len <= head)
        return subject_refuse(s, "has no hex digits");
    unsigned want = digest_octets(s->type, wire->at);
    if (want != 0 && wire->len - head != want)
        return subject_refuse(s, "has %zu hex digits, expected %u for its digest type",
                              2 * (wire->len - head), 2 * want);
    return 0;
}

/* `\# LENGTH HEX` (RFC 3597 5) into the wire form. */
static int read_unknown(const struct subject *s, const struct tokens *words, struct bytes *wire)
{
    uint64_t len = 0;
    if (words->count < 2 || !word_number(&words->items[1], 65535, &len))
        return subject_refuse(s, "expected `\\# LENGTH HEX`, LENGTH from 0 to 65535 (RFC 3597 5)");
    int rc = words_hex(s, "data", words->items + 2, words->count - 2, wire);
    if (rc == 0 && wire->len != len)
        rc = subject_refuse(s, "length is %" PRIu64 ", but %zu octets follow (RFC 3597 5)", len,
                            wire->len);
    return rc;
}

static bool is_unknown_form(const struct tokens *words)
{
    return words->count > 0 && !words->items[0].quoted && words->items[0].len == 2 &&
           memcmp(words->items[0].text, "\\#", 2) == 0;
}

static void add_unknown_form(struct bytes *text, const struct bytes *wire)
{
    char head[32];
    snprintf(head, sizeof head, "\\# %zu%s", wire->len, wire->len == 0 ? "" : " ");
    bytes_add_text(text, head);
    bytes_add_hex(text, wire->at, wire->len);
}

/* Types that only libldns can spell. PowerDNS 4.7 knows CSYNC of them by name; it takes the others
 * as octets, and takes octets of no type that it knows. */
static int read_other(const struct subject *s, const struct tokens *words, struct bytes *text)
{
    struct bytes printed = {0}, wire = {0};
    int rc = verify_other(s, words, &printed, &wire);
    if (rc == 0 && s->type == TYPE_CSYNC)
        bytes_add(text, printed.at, printed.len);
    else if (rc == 0)
        add_unknown_form(text, &wire);
    if (rc == 0)
        rc = wire.failed;
    bytes_done(&printed);
    bytes_done(&wire);
    return rc;
}

/* libldns does not know ALIAS; 1.8.3 refuses every RKEY, and leaks two strings a call in its reader
 * of IPSECKEY. */
static bool is_unverified(uint16_t type)
{
    return type == RRTYPE_ALIAS || type == TYPE_RKEY || type == TYPE_IPSECKEY;
}

/* libldns 1.8.3 takes a name that begins with an escaped @ for the origin. */
static bool has_at_name(const struct bytes *text)
{
    bool begins = true;
    for (size_t i = 0; i + 1 < text->len; i++) {
        if (begins && text->at[i] == '\\' && text->at[i + 1] == '@')
            return true;
        begins = text->at[i] == ' ';
    }
    return false;
}

/* `ipv4hint=auto`, which only PowerDNS knows. */
static bool has_auto_hint(uint16_t type, const struct bytes *text)
{
    static const char hint[] = "hint=auto";
    size_t len = sizeof hint - 1;
    if (type != TYPE_SVCB && type != TYPE_HTTPS)
        return false;
    for (size_t i = 0; i + len <= text->len; i++)
        if (memcmp(text->at + i, hint, len) == 0)
            return true;
    return false;
}

/* Words -> canonical text and wire form. */
static int read_words(const struct subject *s, const struct tokens *words, struct bytes *text,
                      struct bytes *wire)
{
    const struct record_form *form = record_form_of(s->type);
    record_reader *reader = record_reader_of(s->type);
    int rc = 0;
    if (reader != NULL)
        rc = reader(s, words, text, wire);
    else if (form != NULL)
        rc = record_form_read(s, form, words, text, wire);
    else
        return read_other(s, words, text);
    if (rc == 0)
        rc = check_sizes(s, wire);
    if (rc == 0)
        rc = text->failed != 0 ? text->failed : wire->failed;
    if (rc == 0 && !is_unverified(s->type) && !has_at_name(text) && !has_auto_hint(s->type, text))
        rc = verify_known(s, text, wire);
    return rc;
}

static int read_content(const struct subject *s, const char *content, size_t len,
                        struct bytes *text);

/* Known types are stored in their own spelling: the octets become text by libldns, and that is
 * read. */
static int read_unknown_form(const struct subject *s, const struct tokens *words,
                             struct bytes *text)
{
    struct bytes wire = {0}, spelled = {0};
    struct subject absolute = *s;
    absolute.origin = NULL; /* libldns spells names so */
    int rc = read_unknown(s, words, &wire);
    bool known = record_form_of(s->type) != NULL || record_reader_of(s->type) != NULL ||
                 s->type == TYPE_CSYNC;
    if (rc == 0 && s->type == RRTYPE_ALIAS) {
        rc = subject_refuse(s, "ALIAS has no octets, expected: target");
    } else if (rc == 0 && known) {
        rc = verify_spell(s, &wire, &spelled);
        if (rc == 0)
            rc = read_content(&absolute, (const char *)spelled.at, spelled.len, text);
    } else if (rc == 0) {
        add_unknown_form(text, &wire);
    }
    bytes_done(&wire);
    bytes_done(&spelled);
    return rc;
}

static int read_content(const struct subject *s, const char *content, size_t len,
                        struct bytes *text)
{
    struct tokens words = {0};
    struct bytes wire = {0};
    const char *why = "";
    int rc = tokens_split(content, len, &words, &why);
    if (rc == PTRD_EINVAL)
        return subject_refuse(s, "content has %s", why);
    if (rc < 0)
        return rc;
    if (words.count == 0)
        rc = subject_refuse(s, "content is empty");
    else if (is_unknown_form(&words))
        rc = read_unknown_form(s, &words, text);
    else
        rc = read_words(s, &words, text, &wire);
    if (rc == 0)
        rc = text->failed;
    tokens_done(&words);
    bytes_done(&wire);
    return rc;
}

int rdata_parse(const struct name *owner, const struct name *origin, uint16_t type,
                const char *content, size_t len, struct rdata *out, struct diag *diag)
{
    struct subject s = {owner, origin, type, diag};
    struct bytes text = {0};
    const char *refused = refused_type(type);
    if (refused != NULL)
        return subject_refuse(&s, "%s", refused);
    int rc = len > RDATA_TEXT_MAX ? PTRD_ELIMIT : read_content(&s, content, len, &text);
    if (rc == PTRD_ELIMIT)
        rc = subject_refuse(&s, "content is longer than %d octets", RDATA_TEXT_MAX);
    char *copy = rc == 0 ? malloc(text.len + 1) : NULL;
    if (rc == 0 && copy == NULL)
        rc = PTRD_ENOMEM;
    if (rc == 0) {
        memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
        *out = (struct rdata){type, text.len, copy};
    }
    bytes_done(&text);
    return rc;
}

void rdata_done(struct rdata *r)
{
    free(r->text);
    *r = (struct rdata){0};
}

int rdata_target(uint16_t type, const char *text, size_t len, struct name *out)
{
    switch (type) {
    case RRTYPE_NS:
    case RRTYPE_CNAME:
    case RRTYPE_PTR:
    case RRTYPE_DNAME:
    case RRTYPE_ALIAS:
    case TYPE_MX:
    case TYPE_SRV:
        break;
    default:
        return PTRD_ABSENT;
    }
    /* Canonical text: the name is the last word. */
    size_t start = len;
    while (start > 0 && text[start - 1] != ' ')
        start--;
    int rc = name_parse(text + start, len - start, out, NULL);
    return rc < 0 ? rc : PTRD_FOUND;
}
