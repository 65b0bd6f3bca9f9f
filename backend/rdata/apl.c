#include <stdio.h>
#include <string.h>

#include "ptrd/core/addr.h"
#include "special.h"

/* One item `[!]AFI:ADDRESS/LENGTH` (RFC 3123 5), AFI 1 IPv4 or 2 IPv6. */
static bool read_item(const struct token *word, bool * not, struct addr *a, uint64_t *len)
{
    const char *text = word->text, *end = text + word->len;
    *not = text < end && *text == '!';
    text += *not ;
    if (end - text < 2 || (text[0] != '1' && text[0] != '2') || text[1] != ':')
        return false;
    enum family family = text[0] == '1' ? FAMILY_IPV4 : FAMILY_IPV6;
    text += 2;
    const char *slash = memchr(text, '/', (size_t)(end - text));
    if (slash == NULL || addr_parse(text, (size_t)(slash - text), a) < 0 || a->family != family)
        return false;
    struct token digits = {slash + 1, (size_t)(end - slash - 1), false};
    return word_number(&digits, family_bits(family), len);
}

int apl_read(const struct subject *s, const struct tokens *words, struct bytes *text,
             struct bytes *wire)
{
    for (size_t i = 0; i < words->count; i++) {
        struct addr a;
        bool not = false;
        uint64_t len = 0;
        char shown[ADDR_TEXT_SIZE], item[ADDR_TEXT_SIZE + 16];
        if (!read_item(&words->items[i], &not, &a, &len))
            return subject_expected(s, "item", &words->items[i],
                                    "[!]1:ADDRESS/0-32 or [!]2:ADDRESS/0-128 (RFC 3123 5)");
        addr_print(&a, shown);
        snprintf(item, sizeof item, "%s%s%d:%s/%u", i > 0 ? " " : "", not ? "!" : "",
                 a.family == FAMILY_IPV4 ? 1 : 2, shown, (unsigned)len);
        bytes_add_text(text, item);
        /* Trailing zero octets are left out (RFC 3123 4). */
        unsigned octets = family_bits(a.family) / 8;
        u128 num = a.num;
        for (; octets > 0 && (num & 0xff) == 0; num >>= 8)
            octets--;
        bytes_add_number(wire, a.family == FAMILY_IPV4 ? 1 : 2, 2);
        bytes_add_number(wire, len, 1);
        bytes_add_number(wire, octets | (not ? 0x80u : 0), 1);
        for (unsigned k = octets; k-- > 0;)
            bytes_add_number(wire, (uint8_t)(num >> (8 * k)), 1);
    }
    return 0;
}
