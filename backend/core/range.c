#include "ptrd/core/range.h"

#include <stdio.h>
#include <string.h>

/* Copies at most 60 bytes of refused text into a message, control characters replaced. */
struct shown {
    char text[64];
};

static struct shown show(const char *text, size_t len)
{
    struct shown s;
    size_t n = len < 60 ? len : 60;
    for (size_t i = 0; i < n; i++)
        s.text[i] = (unsigned char)text[i] < ' ' ? '?' : text[i];
    memcpy(s.text + n, len > 60 ? "..." : "", len > 60 ? 4 : 1);
    return s;
}

static int parse_len(const char *text, size_t len, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
        return PTRD_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return PTRD_EINVAL;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value > max)
        return PTRD_EINVAL;
    *out = value;
    return 0;
}

int prefix_parse(const char *text, size_t len, struct prefix *out, struct diag *diag)
{
    const char *slash = memchr(text, '/', len);
    struct addr addr;
    unsigned bits;

    if (!slash)
        return diag_set(diag, PTRD_EINVAL, "`%s` is no prefix: expected ADDRESS/LENGTH",
                        show(text, len).text);
    if (addr_parse(text, (size_t)(slash - text), &addr) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s`: `%s` is no IPv4 or IPv6 address",
                        show(text, len).text, show(text, (size_t)(slash - text)).text);
    unsigned max = family_bits(addr.family);
    if (parse_len(slash + 1, len - (size_t)(slash + 1 - text), max, &bits) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s`: the prefix length must be a number from 0 to %u",
                        show(text, len).text, max);
    u128 host = low_bits(max - bits);
    struct prefix p = {.num = addr.num & ~host, .family = addr.family, .len = (uint8_t)bits};
    if (addr.num & host) {
        char meant[RANGE_TEXT_SIZE];
        prefix_print(&p, meant);
        return diag_set(diag, PTRD_EINVAL, "`%s` has host bits set: %s is the prefix that holds it",
                        show(text, len).text, meant);
    }
    *out = p;
    return 0;
}

static void trim(const char **text, size_t *len)
{
    while (*len && **text == ' ') {
        ++*text;
        --*len;
    }
    while (*len && (*text)[*len - 1] == ' ')
        --*len;
}

int range_parse(const char *text, size_t len, struct range *out, struct diag *diag)
{
    const char *hyphen = memchr(text, '-', len);
    struct addr first, last;

    if (!hyphen)
        return diag_set(diag, PTRD_EINVAL, "`%s` is no range: expected FIRST-LAST",
                        show(text, len).text);
    const char *left = text, *right = hyphen + 1;
    size_t left_len = (size_t)(hyphen - text), right_len = len - left_len - 1;
    trim(&left, &left_len);
    trim(&right, &right_len);
    if (addr_parse(left, left_len, &first) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s`: `%s` is no IPv4 or IPv6 address",
                        show(text, len).text, show(left, left_len).text);
    if (addr_parse(right, right_len, &last) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s`: `%s` is no IPv4 or IPv6 address",
                        show(text, len).text, show(right, right_len).text);
    if (first.family != last.family)
        return diag_set(diag, PTRD_EINVAL, "`%s`: both ends of a range must be of one family",
                        show(text, len).text);
    if (first.num > last.num)
        return diag_set(diag, PTRD_EINVAL, "`%s`: the first address lies behind the last",
                        show(text, len).text);
    *out = (struct range){.first = first.num, .last = last.num, .family = first.family};
    return 0;
}

size_t prefix_print(const struct prefix *prefix, char out[RANGE_TEXT_SIZE])
{
    struct addr addr = {.num = prefix->num, .family = prefix->family};
    size_t at = addr_print(&addr, out);
    return at + (size_t)snprintf(out + at, RANGE_TEXT_SIZE - at, "/%u", prefix->len);
}

size_t range_print(const struct range *range, char out[RANGE_TEXT_SIZE])
{
    uint8_t len;
    if (range_prefix_len(range, &len)) {
        struct prefix p = {.num = range->first, .family = range->family, .len = len};
        return prefix_print(&p, out);
    }
    struct addr first = {.num = range->first, .family = range->family};
    struct addr last = {.num = range->last, .family = range->family};
    size_t at = addr_print(&first, out);
    out[at++] = '-';
    return at + addr_print(&last, out + at);
}

struct range range_of_prefix(const struct prefix *prefix)
{
    u128 host = low_bits(family_bits(prefix->family) - prefix->len);
    return (struct range){
        .first = prefix->num, .last = prefix->num | host, .family = prefix->family};
}

bool range_prefix_len(const struct range *range, uint8_t *len)
{
    u128 host = range->first ^ range->last;
    if ((host & (host + 1)) != 0 || (range->first & host) != 0)
        return false;
    unsigned bits = 0;
    for (; host; host >>= 1)
        bits++;
    *len = (uint8_t)(family_bits(range->family) - bits);
    return true;
}

bool range_next_piece(struct range *range, bool *done, struct prefix *piece)
{
    unsigned bits = family_bits(range->family), host = 0;

    if (*done || range->first > range->last)
        return false;
    /* The largest aligned power of two that starts at first and ends at or before last. */
    while (host < bits) {
        u128 mask = low_bits(host + 1);
        if ((range->first & mask) != 0 || (range->first | mask) > range->last)
            break;
        host++;
    }
    u128 end = range->first | low_bits(host);
    *piece = (struct prefix){
        .num = range->first, .family = range->family, .len = (uint8_t)(bits - host)};
    *done = end == range->last; /* first cannot step over the top of the space */
    if (!*done)
        range->first = end + 1;
    return true;
}

int range_next_match(u128 from, u128 mask, u128 value, u128 max, u128 *out)
{
    u128 differ = (from ^ value) & mask;
    if (!differ) {
        *out = from;
        return from <= max ? PTRD_FOUND : PTRD_ABSENT;
    }
    unsigned top = 127;
    while (!(differ >> top & 1))
        top--;
    u128 low = low_bits(top + 1);
    if (value >> top & 1) { /* raising this bit is enough */
        *out = (from & ~low) | (value & mask & low);
        return *out <= max ? PTRD_FOUND : PTRD_ABSENT;
    }
    /* A free bit above must be raised. */
    for (unsigned bit = top + 1; bit < 128; bit++) {
        if ((mask | from) >> bit & 1)
            continue;
        low = low_bits(bit);
        *out = (from & ~low) | (u128)1 << bit | (value & mask & low);
        return *out <= max ? PTRD_FOUND : PTRD_ABSENT;
    }
    return PTRD_ABSENT;
}
