/* Addresses and reverse names are inverses, prefixes and partial names too; ranges fall into
 * aligned pieces; texts of addresses, prefixes and ranges are read back. */
#include "support/law.h"

#include <arpa/inet.h>

static enum family any_family(void)
{
    return law_below(2) ? FAMILY_IPV4 : FAMILY_IPV6;
}

/* RFC 1035 3.5 and RFC 3596 2.5 by their letter. */
static void reverse_text(enum family family, u128 num, unsigned labels, char *out)
{
    unsigned bits = family == FAMILY_IPV4 ? 8 : 4, total = family_bits(family) / bits;
    *out = '\0';
    for (unsigned i = total - labels; i < total; i++)
        out += sprintf(out, family == FAMILY_IPV4 ? "%u." : "%x.",
                       (unsigned)(num >> (i * bits) & low_bits(bits)));
    strcpy(out, family == FAMILY_IPV4 ? "in-addr.arpa" : "ip6.arpa");
}

static void test_full_and_partial_names(void **state)
{
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(100000); i++) {
        enum family family = any_family();
        unsigned step = family == FAMILY_IPV4 ? 8 : 4, total = family_bits(family) / step;
        unsigned labels = law_below(4) ? total : law_below(total + 1), len = labels * step;
        u128 num = law_address(family) & ~low_bits(family_bits(family) - len);
        char text[128];
        struct arpa arpa;
        struct name name, made;
        struct prefix prefix = {.num = num, .family = family, .len = (uint8_t)len};
        reverse_text(family, num, labels, text);
        name = law_name(text);
        arpa_parse(&name, &arpa);
        bool right = arpa.kind == (labels == total ? ARPA_FULL : ARPA_PARTIAL) &&
                     arpa.prefix.num == num && arpa.prefix.len == len &&
                     arpa.prefix.family == family;
        assert_int_equal(arpa_prefix_name(&prefix, &made), 0);
        if (!right || !name_equal(&made, &name))
            fail_msg("%s: kind %d, length %u; made %s", text, arpa.kind, arpa.prefix.len,
                     law_text(&made));
        if (labels != total)
            continue;
        struct addr addr = {.num = num, .family = family};
        arpa_name(&addr, &made);
        assert_true(name_equal(&made, &name));
        struct name below, label = law_any_name(2);
        if (name_concat(&label, &name, &below) == 0 && label.len > 1) {
            arpa_parse(&below, &arpa);
            assert_int_equal(arpa.kind, ARPA_BELOW);
            assert_true(arpa.prefix.num == num && arpa.prefix.len == family_bits(family));
        }
    }
}

/* Whatever is read as a prefix gives exactly that name again: no second spelling. */
static void test_only_canonical_labels_count(void **state)
{
    static const char *const labels[] = {"0",    "00",  "1",   "01",  "005",   "9",   "10",
                                         "99",   "100", "255", "256", "260",   "300", "999",
                                         "0255", "a",   "f",   "g",   "F",     "zz",  "-1",
                                         "1a",   "0x1", "*",   "_x",  "64/26", "+1",  "2550"};
    unsigned none = 0, some = 0;
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(100000); i++) {
        char text[256] = "";
        enum family family = any_family();
        unsigned count = family == FAMILY_IPV4 ? law_below(6) : law_below(4);
        for (unsigned k = 0; k < count; k++) {
            strcat(text, labels[law_below(3) ? law_below(11) : law_below(28)]);
            strcat(text, ".");
        }
        strcat(text, family == FAMILY_IPV4 ? "in-addr.arpa" : "ip6.arpa");
        struct name name = law_name(text), made;
        struct arpa arpa;
        arpa_parse(&name, &arpa);
        none += arpa.kind == ARPA_NONE;
        if (arpa.kind != ARPA_FULL && arpa.kind != ARPA_PARTIAL)
            continue;
        some += count > 0;
        assert_int_equal(arpa_prefix_name(&arpa.prefix, &made), 0);
        if (!name_equal(&made, &name))
            fail_msg("%s is read as %s", text, law_text(&made));
    }
    assert_true(none > 1000 && some > 1000);
    struct name other[] = {law_name("arpa"), law_name("1.in-addr.example"), law_name("."),
                           law_name("in-addr.arpa.example"), law_name("1.xin-addr.arpa")};
    for (unsigned i = 0; i < sizeof other / sizeof *other; i++) {
        struct arpa arpa;
        arpa_parse(&other[i], &arpa);
        assert_int_equal(arpa.kind, ARPA_NONE);
    }
}

static void test_zones_of_a_prefix_cover_it_exactly(void **state)
{
    (void)state;
    law_seed();
    for (unsigned family = FAMILY_IPV4; family <= FAMILY_IPV6; family += 2)
        for (unsigned len = 0; len <= family_bits((enum family)family); len++) {
            unsigned bits = family_bits((enum family)family), step = family == 4 ? 8 : 4;
            struct range block = law_block((enum family)family, len, false);
            struct prefix prefix = {
                .num = block.first, .family = (enum family)family, .len = (uint8_t)len};
            uint8_t step_len = 0;
            int count = arpa_zones(&prefix, &step_len);
            if (family == FAMILY_IPV4 && len > 24) {
                assert_int_equal(count, PTRD_EINVAL);
                continue;
            }
            assert_int_equal(step_len, (len + step - 1) / step * step);
            assert_int_equal(count, 1 << (step_len - len));
            assert_true(count <= (family == FAMILY_IPV4 ? ARPA_ZONES_MAX : 8));
            u128 last = block.first + ((u128)(unsigned)(count - 1) << (bits - step_len) % 128);
            if (step_len > 0)
                assert_true((last | low_bits(bits - step_len)) == block.last);
        }
}

static void test_pieces_make_up_the_range(void **state)
{
    unsigned most = 0;
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(20000); i++) {
        enum family family = any_family();
        struct range range = law_block(family, law_below(family_bits(family) + 1), true), rest;
        u128 at = range.first;
        unsigned count = 0;
        bool done = false, whole = false;
        struct prefix piece;
        if (law_below(50) == 0)
            range = (struct range){.last = family_max(family), .family = family}, at = 0;
        for (rest = range; range_next_piece(&rest, &done, &piece); count++) {
            struct range part = range_of_prefix(&piece);
            if (whole || part.first != at || part.last > range.last || part.last < part.first)
                fail_msg("%s: piece %s", law_range(&range), law_range(&part));
            /* The largest: twice the size is not aligned or does not fit. */
            u128 size = part.last - part.first;
            bool larger = piece.len > 0 && (part.first & (size * 2 + 1)) == 0 &&
                          part.first + (size * 2 + 1) <= range.last &&
                          part.first + (size * 2 + 1) > part.first;
            assert_false(larger);
            whole = part.last == range.last;
            at = part.last + 1;
        }
        assert_true(whole);
        uint8_t len = 0;
        bool is_prefix = range_prefix_len(&range, &len);
        assert_int_equal(is_prefix, count == 1);
        if (is_prefix)
            assert_true(range.last - range.first == low_bits(family_bits(family) - len));
        most = count > most ? count : most;
    }
    print_message("at most %u pieces\n", most);
    assert_in_range(most, 30, 2 * 128 - 2);
}

static void test_texts_are_read_back(void **state)
{
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(50000); i++) {
        enum family family = any_family();
        struct addr addr = {.num = law_address(family), .family = family}, back;
        char text[RANGE_TEXT_SIZE], expected[INET6_ADDRSTRLEN];
        uint8_t bytes[16];
        size_t len = addr_print(&addr, text);
        assert_int_equal(strlen(text), len);
        assert_int_equal(addr_parse(text, len, &back), 0);
        assert_int_equal(addr_compare(&addr, &back), 0);
        for (unsigned k = 0; k < family_bits(family) / 8; k++)
            bytes[k] = (uint8_t)(addr.num >> (family_bits(family) - 8 - 8 * k));
        inet_ntop(family == FAMILY_IPV4 ? AF_INET : AF_INET6, bytes, expected, sizeof expected);
        if (family == FAMILY_IPV4 || !strchr(expected, '.')) /* the mixed form is not ours */
            assert_string_equal(text, expected);
        struct range range = law_block(family, law_below(family_bits(family) + 1), true), again;
        struct prefix prefix;
        uint8_t prefix_len;
        len = range_print(&range, text);
        assert_int_equal(strlen(text), len);
        if (range_prefix_len(&range, &prefix_len)) {
            assert_int_equal(prefix_parse(text, len, &prefix, NULL), 0);
            assert_int_equal(prefix.len, prefix_len);
            again = range_of_prefix(&prefix);
        } else {
            assert_int_equal(range_parse(text, len, &again, NULL), 0);
        }
        assert_true(again.first == range.first && again.last == range.last &&
                    again.family == family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_partial_names),
        cmocka_unit_test(test_only_canonical_labels_count),
        cmocka_unit_test(test_zones_of_a_prefix_cover_it_exactly),
        cmocka_unit_test(test_pieces_make_up_the_range),
        cmocka_unit_test(test_texts_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
