#include "scan.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct scanner {
    const char *start, *at, *end;
    const char *expected; /* set where the text is refused */
};

static bool refuse(struct scanner *s, const char *expected)
{
    s->expected = expected;
    return false;
}

static inline void skip_blank(struct scanner *s)
{
    const char *p = s->at;
    while (p < s->end && (unsigned char)*p <= ' ' &&
           (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    s->at = p;
}

static inline bool skip_byte(struct scanner *s, char c)
{
    if (s->at >= s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* --- strings --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX at p, or -1. */
static long unicode_unit(const char *p, const char *end)
{
    long unit = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Code point of the escape whose backslash stands at *p; moves *p behind it. -1: none. */
static long read_escape(const char **p, const char *end)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *q = *p + 1;
    if (q >= end)
        return -1;
    const char *letter = memchr(letters, *q, sizeof letters - 1);
    if (letter) {
        *p = q + 1;
        return meanings[letter - letters];
    }
    long unit = *q == 'u' ? unicode_unit(q + 1, end) : -1;
    *p = q + 5;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    /* RFC 8259 7: beyond the BMP, a pair of surrogates */
    q += 5;
    if (unit > 0xdbff || end - q < 6 || q[0] != '\\' || q[1] != 'u')
        return -1;
    long low = unicode_unit(q + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *p = q + 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

unsigned scan_utf8_length(const char *text, const char *end)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t left = (size_t)(end - text);
    unsigned n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
        return 0;
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

/* Special bytes end or complicate a string: quote, backslash, control, beyond ASCII. */
#if defined(__SSE2__)

#define BLOCK 16

/* Bit i: byte i of the block is special. As signed numbers, bytes beyond ASCII are below blank too.
 */
static inline unsigned special_bits(const char *p)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    special = _mm_or_si128(special, _mm_cmplt_epi8(x, _mm_set1_epi8(' ')));
    return (unsigned)_mm_movemask_epi8(special);
}

#endif

/* The first special byte at or behind p, or end. */
static const char *find_special(const char *p, const char *end)
{
#if defined(__SSE2__)
    for (; end - p >= BLOCK; p += BLOCK) {
        unsigned special = special_bits(p);
        if (special)
            return p + __builtin_ctz(special);
    }
#endif
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

/* The string whose opening quote stands at s->at. */
static bool scan_text(struct scanner *s, struct scan_value *out)
{
    const char *first = s->at + 1, *p = first, *end = s->end;
    bool escaped = false;
    for (;;) {
        p = find_special(p, end);
        s->at = p;
        if (p >= end || (unsigned char)*p < 0x20)
            return refuse(s, "the end of a string");
        if (*p == '"')
            break;
        if (*p == '\\') {
            escaped = true;
            if (read_escape(&p, end) < 0)
                return refuse(s, "an escape");
        } else {
            unsigned n = scan_utf8_length(p, end);
            if (n == 0)
                return refuse(s, "UTF-8");
            p += n;
        }
    }
    out->kind = SCAN_STRING;
    out->escaped = escaped;
    out->at = first;
    out->len = (size_t)(p - first);
    s->at = p + 1;
    return true;
}

/* --- other values --- */

static size_t skip_digits(struct scanner *s)
{
    const char *first = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return (size_t)(s->at - first);
}

static bool scan_number(struct scanner *s)
{
    (void)skip_byte(s, '-');
    if (!skip_byte(s, '0') && skip_digits(s) == 0)
        return refuse(s, "a value");
    if (skip_byte(s, '.') && skip_digits(s) == 0)
        return refuse(s, "digits");
    if (skip_byte(s, 'e') || skip_byte(s, 'E')) {
        if (!skip_byte(s, '+'))
            (void)skip_byte(s, '-');
        if (skip_digits(s) == 0)
            return refuse(s, "digits");
    }
    return true;
}

static bool scan_word(struct scanner *s)
{
    static const char words[][6] = {"true", "false", "null"};
    for (unsigned i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(s->end - s->at) >= n && memcmp(s->at, words[i], n) == 0) {
            s->at += n;
            return true;
        }
    }
    return refuse(s, "a value");
}

/* A value that holds no other. */
static inline bool scan_scalar(struct scanner *s, struct scan_value *out)
{
    if (s->at < s->end && *s->at == '"')
        return scan_text(s, out);
    out->at = s->at;
    out->escaped = false;
    bool number = s->at < s->end && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'));
    out->kind = number ? SCAN_NUMBER : SCAN_OTHER;
    bool good = number ? scan_number(s) : scan_word(s);
    out->len = (size_t)(s->at - out->at);
    return good;
}

/* `"key" :`, s->at on the quote; ends at the value. */
static inline bool scan_key(struct scanner *s, struct scan_value *key)
{
    if (s->at >= s->end || *s->at != '"')
        return refuse(s, "a key");
    if (!scan_text(s, key))
        return false;
    skip_blank(s);
    if (!skip_byte(s, ':'))
        return refuse(s, "`:`");
    skip_blank(s);
    return true;
}

/* Arrays and objects to any depth that fits; bit n of objects: level n is an object. */
static bool skip_nested(struct scanner *s)
{
    uint64_t objects = 0;
    unsigned depth = 0;
    struct scan_value ignored;
    for (;;) {
        if (s->at < s->end && (*s->at == '{' || *s->at == '[')) {
            if (depth == SCAN_DEPTH_MAX - 2) /* the request and its parameters are two */
                return refuse(s, "less nesting");
            objects = objects << 1 | (*s->at == '{');
            depth++;
            s->at++;
            skip_blank(s);
            if (!skip_byte(s, objects & 1 ? '}' : ']')) {
                if ((objects & 1) && !scan_key(s, &ignored))
                    return false;
                continue;
            }
            objects >>= 1;
            depth--;
        } else if (!scan_scalar(s, &ignored)) {
            return false;
        }
        for (;;) { /* behind a value */
            if (depth == 0)
                return true;
            skip_blank(s);
            if (skip_byte(s, ','))
                break;
            if (!skip_byte(s, objects & 1 ? '}' : ']'))
                return refuse(s, "`,` or the end of a list or object");
            objects >>= 1;
            depth--;
        }
        skip_blank(s);
        if ((objects & 1) && !scan_key(s, &ignored))
            return false;
    }
}

static bool scan_any(struct scanner *s, struct scan_value *out)
{
    if (s->at < s->end && (*s->at == '{' || *s->at == '[')) {
        out->kind = *s->at == '{' ? SCAN_OBJECT : SCAN_OTHER;
        out->at = s->at;
        if (!skip_nested(s))
            return false;
        out->len = (size_t)(s->at - out->at);
        return true;
    }
    return scan_scalar(s, out);
}

/* --- the request --- */

struct wanted {
    const char *key;
    size_t len;
    struct scan_value *value;
    const struct wanted *inside; /* wanted of the value, if it is an object */
};

static const struct wanted *find_wanted(const struct wanted *wanted, const struct scan_value *key)
{
    for (; wanted->key; wanted++) {
        if ((key->len == wanted->len || key->escaped) && scan_is(key, wanted->key, wanted->len))
            return wanted;
    }
    return NULL;
}

static bool scan_object(struct scanner *s, const struct wanted *wanted);

static bool scan_member(struct scanner *s, const struct wanted *wanted)
{
    struct scan_value key, ignored;
    if (!scan_key(s, &key))
        return false;
    const struct wanted *w = find_wanted(wanted, &key);
    if (!w)
        return scan_any(s, &ignored);
    if (w->value->kind != SCAN_MISSING)
        return refuse(s, "no second value of a key");
    if (!w->inside || s->at >= s->end || *s->at != '{')
        return scan_any(s, w->value);
    w->value->kind = SCAN_OBJECT;
    w->value->at = s->at;
    if (!scan_object(s, w->inside))
        return false;
    w->value->len = (size_t)(s->at - w->value->at);
    return true;
}

/* An object of wanted and other members; recursion ends with the wanted tables (two levels). */
static bool scan_object(struct scanner *s, const struct wanted *wanted)
{
    if (!skip_byte(s, '{'))
        return refuse(s, "an object");
    skip_blank(s);
    if (skip_byte(s, '}'))
        return true;
    for (;;) {
        if (!scan_member(s, wanted))
            return false;
        skip_blank(s);
        if (skip_byte(s, '}'))
            return true;
        if (!skip_byte(s, ','))
            return refuse(s, "`,` or `}`");
        skip_blank(s);
    }
}

/* --- PowerDNS's own spelling --- */

static bool skip_literal(struct scanner *s, const char *text, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return false;
    s->at += len;
    return true;
}
#define SKIP_LITERAL(s, text) skip_literal(s, text, sizeof(text) - 1)

/* Up to the next quote, if nothing before it needs a closer look. */
static bool take_plain(struct scanner *s, struct scan_value *out)
{
    const char *p = find_special(s->at, s->end);
    *out = (struct scan_value){SCAN_STRING, false, s->at, (size_t)(p - s->at)};
    s->at = p;
    return p < s->end && *p == '"';
}

static bool take_integer(struct scanner *s, struct scan_value *out)
{
    const char *first = s->at;
    if (!scan_number(s))
        return false;
    *out = (struct scan_value){SCAN_NUMBER, false, first, (size_t)(s->at - first)};
    return true;
}

/* A lookup exactly as PowerDNS writes it: keys sorted, one space behind `,` and `:`. False says
 * nothing: the request is then read like any other. */
static bool scan_usual(const char *text, size_t len, struct scan_request *r)
{
    static const char head[] = "{\"method\": \"lookup\", \"parameters\": {\"local\": \"";
    struct scanner s = {.start = text, .at = text, .end = text + len};
    struct scan_value ignored;
    if (!SKIP_LITERAL(&s, head) || !take_plain(&s, &ignored) ||
        !SKIP_LITERAL(&s, "\", \"qname\": \"") || !take_plain(&s, &r->qname) ||
        !SKIP_LITERAL(&s, "\", \"qtype\": \"") || !take_plain(&s, &r->qtype) ||
        !SKIP_LITERAL(&s, "\", \"real-remote\": \"") || !take_plain(&s, &ignored) ||
        !SKIP_LITERAL(&s, "\", \"remote\": \"") || !take_plain(&s, &ignored) ||
        !SKIP_LITERAL(&s, "\", \"zone-id\": ") || !take_integer(&s, &r->zone_id) ||
        !SKIP_LITERAL(&s, "}}"))
        return false;
    skip_blank(&s);
    r->method = (struct scan_value){SCAN_STRING, false, text + sizeof "{\"method\": \"" - 1, 6};
    r->parameters.kind = SCAN_OBJECT;
    r->name.kind = SCAN_MISSING;
    return s.at == s.end;
}

/* The same of a method whose only parameter is a name. */
static bool scan_usual_name(const char *text, size_t len, struct scan_request *r)
{
    struct scanner s = {.start = text, .at = text, .end = text + len};
    *r = (struct scan_request){.parameters.kind = SCAN_OBJECT};
    if (!SKIP_LITERAL(&s, "{\"method\": \"") || !take_plain(&s, &r->method) ||
        !SKIP_LITERAL(&s, "\", \"parameters\": {\"name\": \"") || !take_plain(&s, &r->name) ||
        !SKIP_LITERAL(&s, "\"}}"))
        return false;
    skip_blank(&s);
    return s.at == s.end;
}

int scan_request(const char *text, size_t len, struct scan_request *out, struct diag *diag)
{
    if (scan_usual(text, len, out) || scan_usual_name(text, len, out))
        return 0;
    struct scan_request r;
    memset(&r, 0, sizeof r);
    const struct wanted parameters[] = {
        {"qname", 5, &r.qname, NULL},
        {"qtype", 5, &r.qtype, NULL},
        {"zone-id", 7, &r.zone_id, NULL},
        {NULL, 0, NULL, NULL},
    };
    const struct wanted request[] = {
        {"method", 6, &r.method, NULL},
        {"parameters", 10, &r.parameters, parameters},
        {NULL, 0, NULL, NULL},
    };
    struct scanner s = {.start = text, .at = text, .end = text + len};
    skip_blank(&s);
    bool good = scan_object(&s, request);
    if (good) {
        skip_blank(&s);
        if (s.at < s.end)
            good = refuse(&s, "nothing behind the object");
    }
    if (!good)
        return diag_set(diag, PTRD_EINVAL, "not a JSON request: expected %s at byte %zu",
                        s.expected, (size_t)(s.at - s.start) + 1);
    *out = r;
    return 0;
}

/* --- what was found --- */

static unsigned utf8_write(char *out, long c)
{
    unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

int scan_string(const struct scan_value *value, char *out, size_t size, size_t *len)
{
    const char *p = value->at, *end = p + value->len;
    if (!value->escaped) {
        if (value->len > size)
            return PTRD_ESPACE;
        memcpy(out, p, value->len);
        *len = value->len;
        return 0;
    }
    size_t n = 0;
    while (p < end) {
        char character[4];
        unsigned k = 1;
        if (*p == '\\')
            k = utf8_write(character, read_escape(&p, end));
        else
            character[0] = *p++;
        if (k > size - n)
            return PTRD_ESPACE;
        memcpy(out + n, character, k);
        n += k;
    }
    *len = n;
    return 0;
}

bool scan_is(const struct scan_value *value, const char *text, size_t len)
{
    char plain[64];
    size_t n;
    if (value->kind != SCAN_STRING)
        return false;
    if (!value->escaped)
        return value->len == len && memcmp(value->at, text, len) == 0;
    return scan_string(value, plain, sizeof plain, &n) == 0 && n == len &&
           memcmp(plain, text, n) == 0;
}

int scan_integer(const struct scan_value *value, int64_t *out)
{
    char text[64];
    size_t len;
    if (value->kind != SCAN_NUMBER && value->kind != SCAN_STRING)
        return PTRD_EINVAL;
    if (scan_string(value, text, sizeof text, &len) < 0)
        return PTRD_EINVAL;
    size_t i = len > 0 && text[0] == '-' ? 1 : 0;
    bool negative = i == 1;
    if (i == len)
        return PTRD_EINVAL;
    int64_t number = 0;
    for (; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return PTRD_EINVAL;
        int digit = text[i] - '0';
        number = number > (INT64_MAX - digit) / 10 ? INT64_MAX : number * 10 + digit;
    }
    *out = negative ? -number : number;
    return 0;
}
