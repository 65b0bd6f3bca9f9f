/* For law tests: a seeded generator whose seed is printed (PTRD_TEST_SEED sets it), random
 * addresses, blocks, templates and names, and failures that say what was tried. */
#ifndef TESTS_SUPPORT_LAW_H
#define TESTS_SUPPORT_LAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/core/table.h"

static uint64_t law_state;

static inline uint64_t law_next(void)
{
    /* splitmix64 */
    uint64_t z = law_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. n - 1. */
static inline uint32_t law_below(uint32_t n)
{
    return (uint32_t)(law_next() % n);
}

static inline u128 law_number(void)
{
    return (u128)law_next() << 64 | law_next();
}

/* Prints the seed; call it first in every test. */
static inline void law_seed(void)
{
    const char *text = getenv("PTRD_TEST_SEED");
    law_state = text ? strtoull(text, NULL, 10) : 20261123;
    print_message("PTRD_TEST_SEED=%llu\n", (unsigned long long)law_state);
}

/* Short form by default. */
static inline unsigned law_rounds(unsigned count)
{
    const char *text = getenv("PTRD_TEST_LONG");
    return text && strcmp(text, "1") == 0 ? count * 20 : count;
}

/* A number of the family: uniform, or with long runs of zeros and ones, or at an end. */
static inline u128 law_address(enum family family)
{
    u128 num = law_number() & family_max(family);
    switch (law_below(5)) {
    case 0:
        num &= law_number() & law_number();
        break;
    case 1:
        num |= law_number() | law_number();
        break;
    case 2:
        num &= ~(low_bits(law_below(65)) << law_below(64));
        break;
    case 3:
        return law_below(2) ? num & 0xff : family_max(family) - (num & 0xff);
    default:
        break;
    }
    return num & family_max(family);
}

static inline u128 law_in(const struct range *r)
{
    u128 span = r->last - r->first;
    switch (law_below(6)) {
    case 0:
        return r->first;
    case 1:
        return r->last;
    default:
        return span == ~(u128)0 ? law_number() : r->first + law_number() % (span + 1);
    }
}

/* A prefix of the length, or, now and then, a range that is none. */
static inline struct range law_block(enum family family, unsigned len, bool range)
{
    u128 host = low_bits(family_bits(family) - len);
    struct range r = {.family = family};
    r.first = law_address(family) & ~host & family_max(family);
    r.last = r.first | host;
    if (range && host > 2) {
        u128 cut = law_number() % (host / 2), end = law_number() % (host / 2);
        r.first += cut;
        r.last -= end;
    }
    return r;
}

static inline struct name law_name(const char *text)
{
    struct name name;
    struct diag diag = {.file = NULL};
    if (name_parse(text, strlen(text), &name, &diag) < 0) {
        print_error("%s: %s\n", text, diag.message);
        abort();
    }
    return name;
}

static inline const char *law_text(const struct name *name)
{
    static char text[4][NAME_TEXT_SIZE];
    static unsigned at;
    char *out = text[at++ % 4];
    name_print(name, out);
    return out;
}

static inline const char *law_range(const struct range *r)
{
    static char text[4][RANGE_TEXT_SIZE];
    static unsigned at;
    char *out = text[at++ % 4];
    range_print(r, out);
    return out;
}

static inline const char *law_addr(enum family family, u128 num)
{
    static char text[4][ADDR_TEXT_SIZE];
    static unsigned at;
    struct addr addr = {.num = num, .family = family};
    char *out = text[at++ % 4];
    addr_print(&addr, out);
    return out;
}

/* --- templates -------------------------------------------------------------------------------- */

static const char *const law_forms_v4[] = {
    "{ip}",
    "{ip:short}",
    "{ip:hex}",
    "{ip:b32}",
    "{ip:rev}",
    "{1}-{2}-{3}-{4}",
    "{4}.{3}.{2}.{1}",
    "{1:03}{2:03}{3:03}{4:03}",
    "{1:x}-{2:x}-{3:x}-{4:x}",
    "{1:02x}{2:02x}{3:02x}{4:02x}",
    "{host}",
    "{host:dec}",
    "{host:b32}",
    "{net/28}.{4}",
    "{net/20}-{host:b32}",
    "{net/32}",
    "{host}.{net/24}",
    "{4:03}.{3:x}.{2}-{1:02x}",
    "{ip}.{pop}.{4}",
};
static const char *const law_forms_v6[] = {
    "{ip}",
    "{ip:short}",
    "{ip:hex}",
    "{ip:b32}",
    "{g1}-{g2}-{g3}-{g4}-{g5}-{g6}-{g7}-{g8}",
    "{g8:x}.{g7:x}.{g6:x}.{g5:x}.{g4:x}.{g3:x}.{g2:x}.{g1:x}",
    "{n1}{n2}{n3}{n4}{n5}{n6}{n7}{n8}.{n9}{n10}{n11}{n12}{n13}{n14}{n15}{n16}.{g5}{g6}{g7}.{g8}",
    "{host}",
    "{host:dec}",
    "{host:b32}",
    "{net/56}.{host}",
    "{net/57}-{host:b32}",
    "{net/128}",
    "{net/64}.{g5}{g6}{g7}{g8}",
    "{net/120}.{pop}{n31}.{n32}",
    "{ip:short}.{n32}.{pop}",
    "s-{ip:short}",
    "{ip:short}s",
    "{host}.{net/100}",
};
#define LAW_FORMS_V4 (sizeof law_forms_v4 / sizeof *law_forms_v4)
#define LAW_FORMS_V6 (sizeof law_forms_v6 / sizeof *law_forms_v6)
#define LAW_TEMPLATE_SIZE 256

static const struct template_var law_vars[1] = {{.name = "pop", .value = "ams1"}};

/* Form i of the family, in front of suffix, now and then with a literal beside it. */
static inline void law_template(enum family family, unsigned i, const char *suffix,
                                char out[LAW_TEMPLATE_SIZE])
{
    static const char *const before[] = {"", "", "p", "q-", "0"}, *const after[] = {"", "", "z",
                                                                                    "-9"};
    const char *form =
        family == FAMILY_IPV4 ? law_forms_v4[i % LAW_FORMS_V4] : law_forms_v6[i % LAW_FORMS_V6];
    snprintf(out, LAW_TEMPLATE_SIZE, "%s%s%s.%s", before[law_below(5)], form, after[law_below(4)],
             suffix);
}

/* --- names ------------------------------------------------------------------------------------ */

/* Any octets; short labels are the most frequent, and so are few different octets. */
static inline struct name law_any_name(unsigned labels_max)
{
    static const uint8_t few[] = {0, 1, 2, 'a', 'A', 'b', '.', '\\', '-', 0xff, '*', ' ', '"', '0'};
    struct name name = {.len = 0};
    unsigned labels = law_below(labels_max + 1);
    for (unsigned i = 0; i < labels; i++) {
        unsigned len = law_below(8) ? 1 + law_below(3) : 1 + law_below(LABEL_MAX);
        if (name.len + len + 2 > NAME_WIRE_MAX)
            break;
        name.wire[name.len++] = (uint8_t)len;
        for (unsigned k = 0; k < len; k++) {
            uint8_t c = law_below(3) ? few[law_below(sizeof few)] : (uint8_t)law_next();
            name.wire[name.len++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        }
    }
    name.wire[name.len++] = 0;
    return name;
}

/* Changes one octet of a label, doubles, drops or exchanges octets or labels; the result is a name.
 */
static inline struct name law_mutate(const struct name *from)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz-";
    char text[NAME_TEXT_SIZE + 4];
    struct name name;
    for (;;) {
        size_t len = name_print(from, text);
        for (unsigned rounds = 1 + law_below(2); rounds && len > 1; rounds--) {
            size_t i = law_below((uint32_t)len), k = law_below((uint32_t)len);
            char held = text[i];
            switch (law_below(6)) {
            case 0:
                text[i] = alphabet[law_below(sizeof alphabet - 1)];
                break;
            case 1:
                text[i] = text[k];
                text[k] = held;
                break;
            case 2:
                memmove(text + i + 1, text + i, len++ - i);
                text[i] = "00-.1a"[law_below(6)];
                break;
            case 3:
                memmove(text + i, text + i + 1, len-- - i - 1);
                break;
            case 4:
                text[i] = text[i] == '-' ? '.' : text[i] == '.' ? '-' : '0';
                break;
            default:
                text[i] = (char)(text[i] + (law_below(2) ? 1 : -1));
                break;
            }
        }
        if (name_parse(text, len, &name, NULL) == 0)
            return name;
    }
}

#endif
