#include "ptrd/powerdns/reply.h"

#include <stdlib.h>

#define CAPACITY_FIRST 8192
#define CAPACITY_KEPT (1u << 20) /* `list` and getAllDomains may need more, seldom */

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
    char digits[20];
    unsigned i = sizeof digits;
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    reply_put(r, digits + i, sizeof digits - i);
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
    for (size_t i = 0; i < content.len; i++)
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

void reply_name(struct reply *r, struct span wire)
{
    if (wire.len == 0 || wire.len > NAME_WIRE_MAX) {
        r->error = PTRD_ECORRUPT;
        return;
    }
    if (!reply_room(r, wire.len * OCTET_TEXT_MAX + 1))
        return;
    char *p = r->bytes + r->len;
    size_t at = 0;
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
