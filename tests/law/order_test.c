/* Names: text and wire forms are inverses; the key's memcmp order is the canonical order (RFC
 * 4034 6.1) and a name's key is a prefix of exactly the keys of the names below it. */
#include "support/law.h"

/* RFC 4034 6.1 by its letter: labels from the right, as octet strings, absent before present. */
static int canonical(const struct name *a, const struct name *b)
{
    uint8_t at_a[NAME_LABELS_MAX], at_b[NAME_LABELS_MAX];
    unsigned i = 0, k = 0;
    for (unsigned at = 0; a->wire[at]; at += a->wire[at] + 1u)
        at_a[i++] = (uint8_t)at;
    for (unsigned at = 0; b->wire[at]; at += b->wire[at] + 1u)
        at_b[k++] = (uint8_t)at;
    while (i && k) {
        const uint8_t *x = a->wire + at_a[--i], *y = b->wire + at_b[--k];
        unsigned least = x[0] < y[0] ? x[0] : y[0];
        int order = memcmp(x + 1, y + 1, least);
        if (order || x[0] != y[0])
            return order ? order : x[0] < y[0] ? -1 : 1;
    }
    return i ? 1 : k ? -1 : 0;
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static int compare_keys(const struct name_key *a, const struct name_key *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

/* Two names that often share labels. */
static void two_names(struct name *a, struct name *b)
{
    struct name tail = law_any_name(3), left = law_any_name(3), right = law_any_name(3);
    if (name_concat(&left, &tail, a) < 0)
        *a = left;
    if (law_below(4) == 0)
        right = left;
    if (law_below(3) == 0 && right.wire[0])
        right.wire[right.wire[0]] ^= 1; /* the last octet of its first label */
    for (unsigned i = 0; i < right.len; i++)
        right.wire[i] = right.wire[i] >= 'A' && right.wire[i] <= 'Z' ? 0 : right.wire[i];
    if (name_from_wire(right.wire, right.len, b) < 0 || name_concat(&right, &tail, b) < 0)
        *b = tail;
}

static void test_key_order_is_canonical_order(void **state)
{
    unsigned below = 0, equal = 0;
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(100000); i++) {
        struct name a, b;
        struct name_key key_a, key_b;
        two_names(&a, &b);
        name_key(&a, &key_a);
        name_key(&b, &key_b);
        int order = sign(canonical(&a, &b));
        equal += order == 0;
        if (sign(name_compare(&a, &b)) != order || sign(compare_keys(&key_a, &key_b)) != order ||
            name_equal(&a, &b) != (order == 0))
            fail_msg("%s, %s: order %d, name_compare %d, keys %d", law_text(&a), law_text(&b),
                     order, name_compare(&a, &b), compare_keys(&key_a, &key_b));
        bool prefix = key_a.len <= key_b.len && memcmp(key_a.bytes, key_b.bytes, key_a.len) == 0;
        below += prefix;
        if (prefix != name_within(&b, &a))
            fail_msg("%s within %s: %d, key prefix %d", law_text(&b), law_text(&a),
                     name_within(&b, &a), prefix);
    }
    print_message("%u names within, %u equal\n", below, equal);
    assert_true(below > equal && equal > 0);
}

static void test_keys_and_texts_are_read_back(void **state)
{
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(50000); i++) {
        struct name name = law_any_name(law_below(20) ? 4 : NAME_LABELS_MAX), back;
        struct name_key key;
        char text[NAME_TEXT_SIZE];
        name_key(&name, &key);
        assert_int_equal(name_from_key(key.bytes, key.len, &back), 0);
        assert_true(name_equal(&name, &back));
        assert_int_equal(name_from_wire(name.wire, name.len, &back), 0);
        assert_true(name_equal(&name, &back));
        size_t len = name_print(&name, text);
        assert_int_equal(strlen(text), len);
        assert_int_equal(name_parse(text, len, &back, NULL), 0);
        if (!name_equal(&name, &back))
            fail_msg("%s is read as %s", text, law_text(&back));
        for (size_t k = 0; k < len; k++)
            if (text[k] >= 'a' && text[k] <= 'z' && law_below(2))
                text[k] &= (char)~0x20;
        assert_int_equal(name_parse(text, len, &back, NULL), 0);
        assert_true(name_equal(&name, &back));
    }
}

static void lower(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 0x20 : bytes[i];
}

/* Any bytes: what is accepted is a key or a wire name, so it comes out again, in lower case. */
static void test_what_is_read_was_written(void **state)
{
    unsigned keys = 0, wires = 0;
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(200000); i++) {
        uint8_t bytes[12];
        size_t len = law_below(sizeof bytes + 1);
        struct name name;
        struct name_key key;
        for (size_t k = 0; k < len; k++)
            bytes[k] = law_below(3) ? (uint8_t)law_below(4) : "aAb\377"[law_below(4)];
        if (name_from_key(bytes, len, &name) == 0) {
            name_key(&name, &key);
            assert_int_equal(key.len, len);
            assert_memory_equal(key.bytes, bytes, len);
            lower(bytes, len);
            if (memcmp(key.bytes, bytes, len) != 0)
                fail_msg("a key in upper case is taken: %s", law_text(&name));
            keys++;
        }
        if (name_from_wire(bytes, len, &name) == 0) {
            lower(bytes, len);
            assert_int_equal(name.len, len);
            assert_memory_equal(name.wire, bytes, len);
            wires++;
        }
    }
    print_message("%u keys, %u wire names\n", keys, wires);
    assert_true(keys > 100 && wires > 100);
}

static void test_strip_and_concat(void **state)
{
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(20000); i++) {
        struct name left = law_any_name(4), right = law_any_name(4), both, back;
        unsigned labels = name_labels(&left);
        if (left.len + right.len - 1 > NAME_WIRE_MAX) {
            assert_int_equal(name_concat(&left, &right, &both), PTRD_ELIMIT);
            continue;
        }
        assert_int_equal(name_concat(&left, &right, &both), 0);
        assert_int_equal(name_labels(&both), labels + name_labels(&right));
        assert_true(name_within(&both, &right));
        name_strip(&both, labels, &back);
        assert_true(name_equal(&back, &right));
        char text[NAME_TEXT_SIZE];
        size_t len = name_print_relative(&both, &right, text);
        assert_int_equal(name_parse_relative(text, len, &right, &back, NULL), 0);
        assert_true(name_equal(&back, &both));
        len = name_print_relative(&left, &right, text);
        assert_int_equal(name_parse_relative(text, len, &right, &back, NULL), 0);
        assert_true(name_equal(&back, &left));
        name_strip(&both, name_labels(&both), &both);
        assert_int_equal(both.len, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_order_is_canonical_order),
        cmocka_unit_test(test_keys_and_texts_are_read_back),
        cmocka_unit_test(test_what_is_read_was_written),
        cmocka_unit_test(test_strip_and_concat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
