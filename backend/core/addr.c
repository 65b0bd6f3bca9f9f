#include "ptrd/core/addr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int addr_parse(const char *text, size_t len, struct addr *out)
{
    char copy[ADDR_TEXT_SIZE];
    uint8_t bytes[16];

    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
        return PTRD_EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';

    /* glibc's inet_pton refuses leading zeros in octets and zone indices, as we must. */
    enum family family = memchr(text, ':', len) ? FAMILY_IPV6 : FAMILY_IPV4;
    if (inet_pton(family == FAMILY_IPV6 ? AF_INET6 : AF_INET, copy, bytes) != 1)
        return PTRD_EINVAL;
    u128 num = 0;
    for (unsigned i = 0; i < family_bits(family) / 8; i++)
        num = num << 8 | bytes[i];
    *out = (struct addr){.num = num, .family = family};
    return 0;
}

static size_t put_octets(uint32_t num, char *out)
{
    size_t at = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        unsigned octet = num >> shift & 0xff;
        if (octet >= 100)
            out[at++] = (char)('0' + octet / 100);
        if (octet >= 10)
            out[at++] = (char)('0' + octet / 10 % 10);
        out[at++] = (char)('0' + octet % 10);
        if (shift)
            out[at++] = '.';
    }
    return at;
}

static size_t put_group(unsigned group, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (int shift = 12; shift >= 0; shift -= 4)
        if (at || shift == 0 || group >> shift & 0xf)
            out[at++] = digits[group >> shift & 0xf];
    return at;
}

/* RFC 5952 4.2: the longest run of at least two zero groups, the first of equals. */
static void zero_run(const unsigned group[8], int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int i = 0; i < 8;) {
        int end = i;
        while (end < 8 && group[end] == 0)
            end++;
        if (end - i > *len) {
            *start = i;
            *len = end - i;
        }
        i = end > i ? end : i + 1;
    }
}

static size_t put_groups(u128 num, char *out)
{
    unsigned group[8];
    int start, len;
    for (int i = 0; i < 8; i++)
        group[i] = (unsigned)(num >> (112 - 16 * i)) & 0xffff;
    zero_run(group, &start, &len);

    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            out[at++] = ':';
            out[at++] = ':';
            i += len - 1;
            continue;
        }
        if (i > 0 && i != start + len)
            out[at++] = ':';
        at += put_group(group[i], out + at);
    }
    return at;
}

size_t addr_print(const struct addr *addr, char out[ADDR_TEXT_SIZE])
{
    size_t len = addr->family == FAMILY_IPV4 ? put_octets((uint32_t)addr->num, out)
                                             : put_groups(addr->num, out);
    out[len] = '\0';
    return len;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return a->num < b->num ? -1 : a->num > b->num;
}

static int by_address(const void *a, const void *b)
{
    return addr_compare(a, b);
}

size_t addr_sort(struct addr *addrs, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(addrs, count, sizeof *addrs, by_address);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || addr_compare(&addrs[kept - 1], &addrs[i]) != 0)
            addrs[kept++] = addrs[i];
    return kept;
}

const struct addr *addr_find(const struct addr *addrs, size_t count, const struct addr *addr)
{
    return count ? bsearch(addr, addrs, count, sizeof *addrs, by_address) : NULL;
}
