#include "ptrd/powerdns/reply.h"

#include <stdlib.h>

#include "ptrd/core/octets.h"

#define CAPACITY_FIRST 8192
#define CAPACITY_KEPT (1u << 20) /* `list` and getAllDomains may need more, seldom */
#define NUMBER_MAX 20            /* digits of 2^64 */

void reply_done(struct reply *r)
{
    free(r->bytes);
    *r = (struct reply){.bare = r->bare};
}

void reply_reset(struct reply *r)
{
    if (r->capacity > CAPACITY_KEPT)
        reply_done(r);
    r->len = 0;
    r->error = 0;
}

bool reply_grow(struct reply *r, size_t n)
{
    if (r->error)
        return false;
    if (n > REPLY_MAX - r->len) {
        r->error = PTRD_ELIMIT;
        return false;
    }
    size_t capacity = r->capacity ? r->capacity : CAPACITY_FIRST;
    while (capacity < r->len + n)
        capacity *= 2;
    char *bytes = realloc(r->bytes, capacity);
    if (!bytes) {
        r->error = PTRD_ENOMEM;
        return false;
    }
    r->bytes = bytes;
    r->capacity = capacity;
    return true;
}

void reply_number(struct reply *r, uint64_t number)
{
    char digits[2 * NUMBER_MAX] = {0}; /* the latter half is copied along: a length that is fixed */
    char *end = digits + NUMBER_MAX, *first = end;
    if (!reply_room(r, NUMBER_MAX))
        return;
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    memcpy(r->bytes + r->len, first, NUMBER_MAX);
    r->len += (size_t)(end - first);
}

/* --- octets --- */

#define OCTET_TEXT_MAX 5

/* What stands for an octet: JSON escapes quote and backslash, so `\DDD` becomes `\\DDD`. */
static char *write_decimal(char *p, uint8_t c, bool bare)
{
    *p++ = '\\';
    if (!bare)
        *p++ = '\\';
    *p++ = (char)('0' + c / 100);
    *p++ = (char)('0' + c / 10 % 10);
    *p++ = (char)('0' + c % 10);
    return p;
}

static char *write_octet(char *p, uint8_t c, bool bare)
{
    if (c < 0x20 || c > 0x7e)
        return write_decimal(p, c, bare);
    if ((c == '"' || c == '\\') && !bare)
        *p++ = '\\';
    *p++ = (char)c;
    return p;
}

void reply_content(struct reply *r, struct span content)
{
    if (content.len > REPLY_MAX / OCTET_TEXT_MAX) {
        r->error = PTRD_ELIMIT;
        return;
    }
    if (!reply_room(r, content.len * OCTET_TEXT_MAX))
        return;
    char *p = r->bytes + r->len;
    size_t i = 0;
    for (; i + sizeof(octets) <= content.len; i += sizeof(octets), p += sizeof(octets)) {
        octets x = octets_load(content.bytes + i);
        if (!octets_zero((octets)(x < ' ') | (octets)(x > '~') | (octets)(x == '"') |
                         (octets)(x == '\\')))
            break;
        memcpy(p, &x, sizeof x);
    }
    for (; i < content.len; i++)
        p = write_octet(p, content.bytes[i], r->bare);
    r->len = (size_t)(p - r->bytes);
}

/* Octets that stand for themselves in a label and in JSON. */
static const bool plain[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
    ['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1,
    ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['-'] = 1, ['_'] = 1, ['*'] = 1, ['/'] = 1,
};

static char *write_label(char *p, const uint8_t *label, unsigned len, bool bare)
{
    for (unsigned i = 0; i < len; i++) {
        uint8_t c = label[i];
        if (plain[c])
            *p++ = (char)c;
        /* RFC 1035 5.1: dots and backslashes inside a label; blanks as PowerDNS writes them */
        else if (c == '.' || c == '\\' || c == ' ')
            p = write_decimal(p, c, bare);
        else
            p = write_octet(p, c, bare);
    }
    *p++ = '.';
    return p;
}

/* All of them are lower-case letters, digits and hyphens; len is a multiple of 16. */
static inline bool is_host_text(const char *text, size_t len)
{
    octets bad = {0};
    for (size_t i = 0; i < len; i += sizeof bad) {
        octets x = octets_load(text + i);
        octets letter = (octets)(x >= 'a') & (octets)(x <= 'z');
        octets digit = (octets)(x >= '0') & (octets)(x <= '9');
        bad |= ~(letter | digit | (octets)(x == '-'));
    }
    return octets_zero(bad);
}

/* Puts c at the end of each label, len octets of text in all; false: these are no labels. */
static inline bool end_labels(char *p, struct span wire, size_t len, char c)
{
    size_t at = 0;
    while (at < len) {
        size_t size = wire.bytes[at];
        if (size == 0 || size > LABEL_MAX || at + size >= len)
            return false;
        at += size;
        p[at++] = c;
    }
    return wire.bytes[len] == 0;
}

/* Nearly every name is a host name in lower case: its text is its wire form with dots for lengths.
 * The length of the text, or 0 where the name needs a closer look. There is room for wire.len + 16.
 */
static size_t write_host(char *p, struct span wire)
{
    size_t len = wire.len - 1;
    memcpy(p, wire.bytes + 1, len);
    memset(p + len, '-', sizeof(octets));
    if (!end_labels(p, wire, len, '-') ||
        !is_host_text(p, (len + sizeof(octets) - 1) / sizeof(octets) * sizeof(octets)))
        return 0;
    (void)end_labels(p, wire, len, '.');
    return len;
}

void reply_name(struct reply *r, struct span wire)
{
    if (wire.len == 0 || wire.len > NAME_WIRE_MAX) {
        r->error = PTRD_ECORRUPT;
        return;
    }
    if (!reply_room(r, wire.len * OCTET_TEXT_MAX + sizeof(octets)))
        return;
    char *p = r->bytes + r->len;
    size_t at = write_host(p, wire);
    if (at > 0) {
        r->len += at;
        return;
    }
    while (wire.bytes[at] != 0) {
        unsigned len = wire.bytes[at];
        if (len > LABEL_MAX || at + len + 1 >= wire.len) {
            r->error = PTRD_ECORRUPT;
            return;
        }
        p = write_label(p, wire.bytes + at + 1, len, r->bare);
        at += len + 1;
    }
    if (at == 0)
        *p++ = '.';
    r->len = (size_t)(p - r->bytes);
}
