/* An address that a name seems to show: most templates have {ip} at an end of the first label. */
#include "forward_p.h"

#define IP6_LEN 39 /* eight groups of four digits and the hyphens between them */

static bool guess_v6(const char *text, size_t len, struct addr *out)
{
    u128 num = 0;
    if (len < IP6_LEN)
        return false;
    for (unsigned i = 0; i < IP6_LEN; i++) {
        if (i % 5 == 4) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int digit = template_digit(text[i], 16);
        if (digit < 0)
            return false;
        num = num << 4 | (unsigned)digit;
    }
    *out = (struct addr){.num = num, .family = FAMILY_IPV6};
    return true;
}

/* Up to three digits; how many. A wrong octet makes a wrong guess. */
static unsigned read_octet(const char *text, size_t len, unsigned *value)
{
    unsigned at = 0;
    for (*value = 0; at < len && at < 3 && text[at] >= '0' && text[at] <= '9'; at++)
        *value = *value * 10 + (unsigned)(text[at] - '0');
    return at;
}

/* The octets taken, or 0. */
static size_t guess_v4(const char *text, size_t len, struct addr *out)
{
    size_t at = 0;
    u128 num = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned value;
        if (i > 0 && (at == len || text[at++] != '-'))
            return 0;
        unsigned digits = read_octet(text + at, len - at, &value);
        if (digits == 0)
            return 0;
        num = num << 8 | value;
        at += digits;
    }
    *out = (struct addr){.num = num, .family = FAMILY_IPV4};
    return at;
}

/* Where digits and hyphens at the end of a label begin, a hyphen in front left out. */
static size_t number_start(const char *text, size_t len)
{
    size_t at = len;
    while (at > 0 && (text[at - 1] == '-' || (text[at - 1] >= '0' && text[at - 1] <= '9')))
        at--;
    return at + (at < len && text[at] == '-');
}

bool forward_guess(const struct name *name, struct addr *out)
{
    const char *text = (const char *)name->wire + 1;
    size_t len = name->wire[0];
    if (len >= IP6_LEN)
        return guess_v6(text, len, out) || guess_v6(text + len - IP6_LEN, IP6_LEN, out);
    if (guess_v4(text, len, out))
        return true;
    size_t start = number_start(text, len);
    return start > 0 && start < len && guess_v4(text + start, len - start, out) == len - start;
}
