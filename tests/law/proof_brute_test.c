/* The proof of templates against plain enumeration: random templates over random small blocks and
 * ranges, nested and side by side, of both families. Both must agree both ways, and every
 * counterexample must be true. The seed is printed; PTRD_TEST_SEED sets it. */
#include "ptrd/core/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1du;
}

static unsigned pick(unsigned n)
{
    return (unsigned)(random_next() >> 33) % n;
}

/* --- random templates and blocks -------------------------------------------------------------- */

static const char *const fields_v4[] = {
    "{3}",        "{4}",      "{3:x}",    "{4:x}",    "{4}",      "{4:03}",   "{4:02x}",
    "{3:02x}",    "{3:03}",   "{2}",      "{1:x}",    "{ip}",     "{ip:rev}", "{host}",
    "{host:b32}", "{ip:hex}", "{ip:b32}", "{net/26}", "{net/24}", "{net/31}", "{host:dec}",
};
static const char *const fields_v6[] = {
    "{ip:short}", "{g8:x}",   "{g7:x}",    "{g8:x}",    "{n32}",     "{g8}",       "{g6:x}",
    "{n31}",      "{n30}",    "{ip}",      "{host}",    "{g1:x}",    "{g2:x}",     "{host:dec}",
    "{ip:hex}",   "{ip:b32}", "{net/120}", "{net/124}", "{net/127}", "{host:b32}",
};
static const char *const literals[] = {"1", "1", "0", "2",  "11",   "10", "-", "-", ".",
                                       ".", "x", "a", "--", "xn--", "c",  "f", "-0"};

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))

/* Half of the fields are of those that run into each other most easily: the first few. */
static const char *random_field(enum family family)
{
    const char *const *fields = family == FAMILY_IPV4 ? fields_v4 : fields_v6;
    unsigned count = family == FAMILY_IPV4 ? COUNT(fields_v4) : COUNT(fields_v6);
    return fields[pick(pick(2) ? 5 : count)];
}

static void random_template(enum family family, char out[512])
{
    unsigned parts = 1 + pick(pick(2) ? 3 : 6);
    out[0] = '\0';
    for (unsigned i = 0; i < parts; i++)
        strcat(out, pick(5) < 3 ? random_field(family) : literals[pick(COUNT(literals))]);
    strcat(out, ".z");
}

/* A template that says outright what another one gives some address, but for one digit, which
 * becomes a field of the new block: near misses and collisions. */
static void derived_template(const char *other, const struct range *range, enum family family,
                             char out[512])
{
    static const char *const digit_v4[] = {"{4}", "{4:x}", "{host}", "{3}", "{4:02x}"};
    static const char *const digit_v6[] = {"{g8:x}", "{n32}", "{host}", "{g8}", "{g7:x}"};
    struct template *t;
    char text[TEMPLATE_OUT_MAX];
    assert_int_equal(template_compile(other, strlen(other), range, NULL, 0, &t, NULL), 0);
    u128 size = range->last - range->first;
    u128 num = range->first + (size ? random_next() % (uint64_t)size : 0);
    int len = template_print(t, num, text);
    template_free(t);
    assert_true(len > 0 && len < 400);
    unsigned at = pick((unsigned)len);
    const char *field = family == FAMILY_IPV4 ? digit_v4[pick(5)] : digit_v6[pick(5)];
    if (template_digit(text[at], 16) < 0)
        field = "";
    unsigned keep = *field ? 1 : 0;
    snprintf(out, 512, "%.*s%s%.*s", (int)at, text, field, len - (int)(at + keep),
             text + at + keep);
}

/* A place for blocks; not far from where octets and groups change their width. */
static u128 random_base(enum family family)
{
    static const uint32_t starts[] = {0x0a000000, 0x0a000800, 0x0a000900, 0x0a006000, 0xc6330000,
                                      0x0a000000, 0x00000000, 0xffffff00, 0x0b0b0a00, 0x0a005f00,
                                      0x01010100, 0x0b010100, 0x0101010b, 0x01010b00, 0x010b0100};
    static const char *const starts6[] = {"2001:db8::",
                                          "::",
                                          "20::",
                                          "2001:db8:0:1::",
                                          "2001:db8::fff0",
                                          "1::1:0:0:0",
                                          "0:0:1::ff80",
                                          "2001:db8:1:2:3:4:5:0",
                                          "::1:ff00",
                                          "2::ffff:0:ff00",
                                          "20::ff:ff80",
                                          "1::",
                                          "2001:db8:1:1:1:1::",
                                          "0:1:1:1:1:1:1:0"};
    if (family == FAMILY_IPV4)
        return starts[pick(COUNT(starts))];
    struct addr a;
    const char *text = starts6[pick(COUNT(starts6))];
    assert_int_equal(addr_parse(text, strlen(text), &a), 0);
    return a.num;
}

static struct range random_range(enum family family, u128 base, unsigned window_bits)
{
    u128 max = family_max(family);
    struct range r = {.family = family};
    u128 at = base + pick(1u << window_bits);
    at = at > max || at < base ? max : at;
    unsigned bits = pick(2) ? window_bits : pick(window_bits + 1);
    if (pick(3)) {
        r.first = at & ~low_bits(bits) & max;
        r.last = r.first | low_bits(bits);
        if (pick(3) == 0) /* the same place, another time */
            r.first = base & ~low_bits(bits), r.last = r.first | low_bits(bits);
    } else {
        r.first = at;
        u128 size = pick(1u << bits);
        r.last = max - at < size ? max : at + size;
    }
    return r;
}

/* --- plain enumeration ------------------------------------------------------------------------ */

static bool label_is_bad(const char *label, size_t len)
{
    if (len > 63 || label[0] == '-' || label[len - 1] == '-')
        return true;
    return len >= 4 && label[2] == '-' && label[3] == '-';
}

/* Only a literal at the beginning of a label makes xn-- the operator's own. Templates of this test
 * begin a label with it or not; what a field can write ("x" and "n" are no digits) never equals. */
static bool text_is_bad(const char *text, size_t len)
{
    size_t from = 0;
    if (len + 2 > 255)
        return true;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '.')
            continue;
        bool xn = i - from >= 4 && memcmp(text + from, "xn--", 4) == 0;
        if (xn ? i - from > 63 || text[i - 1] == '-' : label_is_bad(text + from, i - from))
            return true;
        from = i + 1;
    }
    return false;
}

struct entry {
    const char *text;
    unsigned block;
    u128 num;
    bool v4;
};

static char *arena;
static size_t arena_used;
static struct entry *entries;
static size_t entry_count;

#define ENTRIES_MAX 65536
#define ARENA_SIZE ((size_t)ENTRIES_MAX * 300)

/* False: a text is bad by itself. */
static bool add_texts(const struct template *t, const struct range *range, unsigned block,
                      const struct table *only)
{
    for (u128 num = range->first;; num++) {
        char text[TEMPLATE_OUT_MAX];
        struct addr a = {.num = num, .family = range->family};
        const struct block *owner = only ? table_block_for(only, &a) : NULL;
        if (!only || (owner && owner->ref == block)) {
            int len = template_print(t, num, text);
            if (len < 0 || text_is_bad(text, (size_t)len))
                return false;
            char *copy = arena + arena_used;
            arena_used += (size_t)len + 1;
            assert_true(arena_used <= ARENA_SIZE && entry_count < ENTRIES_MAX);
            memcpy(copy, text, (size_t)len);
            copy[len] = '\0';
            entries[entry_count++] = (struct entry){copy, block, num, range->family == FAMILY_IPV4};
        }
        if (num == range->last)
            return true;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static uint8_t flags_of[16];

/* Two entries of one text that count. */
static bool has_duplicate(void)
{
    qsort(entries, entry_count, sizeof *entries, by_text);
    for (size_t i = 0; i < entry_count; i++)
        for (size_t k = i + 1; k < entry_count && strcmp(entries[i].text, entries[k].text) == 0;
             k++)
            if (entries[i].v4 == entries[k].v4 ||
                !(flags_of[entries[i].block] & flags_of[entries[k].block] & BLOCK_SHARED_NAMES))
                return true;
    return false;
}

static void forget(void)
{
    arena_used = entry_count = 0;
}

/* --- the comparison --------------------------------------------------------------------------- */

static unsigned given_up, accepted, refused;

/* "gives `TEXT` for both A and B: ..." */
static void check_pair_message(const struct template *t, const struct range *r, const char *message)
{
    const char *start = strchr(message, '`') + 1, *end = strchr(start, '`');
    const char *a = strstr(end, "both ") + 5, *and = strstr(a, " and ");
    const char *b = and+5, *stop = strstr(b, ": ");
    struct addr one, two;
    char text[TEMPLATE_OUT_MAX];
    assert_int_equal(addr_parse(a, (size_t)(and-a), &one), 0);
    assert_int_equal(addr_parse(b, (size_t)(stop - b), &two), 0);
    assert_true(one.num != two.num);
    assert_true(range_contains(r, &one) && range_contains(r, &two));
    size_t len = (size_t)(end - start);
    assert_int_equal(template_print(t, one.num, text), (int)len);
    assert_memory_equal(text, start, len);
    assert_int_equal(template_print(t, two.num, text), (int)len);
    assert_memory_equal(text, start, len);
}

/* "gives ADDRESS the label `LABEL` ..." */
static void check_label_message(const struct template *t, const struct range *r,
                                const char *message)
{
    const char *a = message + 6, *end = strchr(a, ' ');
    struct addr one;
    char text[TEMPLATE_OUT_MAX];
    assert_int_equal(addr_parse(a, (size_t)(end - a), &one), 0);
    assert_true(range_contains(r, &one));
    int len = template_print(t, one.num, text);
    assert_true(len > 0 && text_is_bad(text, (size_t)len));
    const char *label = strchr(message, '`');
    if (!label)
        return;
    size_t label_len = (size_t)(strchr(label + 1, '`') - label - 1);
    assert_non_null(memmem(text, (size_t)len, label + 1, label_len));
}

/* Returns true when the template is fit for the block. */
static bool compare_block(const struct template *t, const struct range *r, const char *source)
{
    struct diag diag = {0};
    char range[RANGE_TEXT_SIZE];
    range_print(r, range);
    int got = proof_block(t, r, &diag);
    forget();
    bool good = add_texts(t, r, 0, NULL) && !has_duplicate();
    if (got == PTRD_ELIMIT) {
        printf("given up: %s over %s (%s)\n", source, range, good ? "good" : "bad");
        given_up++;
        return false;
    }
    if (got != 0 && got != PTRD_ECONFLICT)
        fail_msg("%s over %s: %d", source, range, got);
    if ((got == 0) != good)
        fail_msg("%s over %s: proof says %s `%s`, enumeration says %s", source, range,
                 got == 0 ? "good" : "bad", diag.message, good ? "good" : "bad");
    *(good ? &accepted : &refused) += 1;
    if (strstr(diag.message, " for both "))
        check_pair_message(t, r, diag.message);
    else if (got)
        check_label_message(t, r, diag.message);
    return good;
}

struct case_block {
    struct range range;
    char text[512];
    bool none;
};

static void describe(const struct case_block *blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char range[RANGE_TEXT_SIZE];
        range_print(&blocks[i].range, range);
        printf("  %s %s flags %u\n", range, blocks[i].none ? "none" : blocks[i].text, flags_of[i]);
    }
}

static void check_collision(const struct table *table, const struct case_block *blocks,
                            const struct proof_collision *c)
{
    const struct addr *pair[2] = {&c->a, &c->b};
    uint32_t refs[2] = {c->block_a, c->block_b};
    assert_true(c->a.family != c->b.family || c->a.num != c->b.num);
    for (unsigned i = 0; i < 2; i++) {
        struct name name;
        const struct block *owner = table_block_for(table, pair[i]);
        assert_non_null(owner);
        assert_int_equal(owner->ref, refs[i]);
        assert_false(blocks[refs[i]].none);
        assert_int_equal(template_generate(owner->template, pair[i]->num, &name), 0);
        assert_true(name_equal(&name, &c->name));
    }
    assert_false(c->a.family != c->b.family &&
                 flags_of[c->block_a] & flags_of[c->block_b] & BLOCK_SHARED_NAMES);
}

static unsigned tables_good, tables_bad;

static void compare_table(const struct case_block *blocks, unsigned count)
{
    struct table_builder *b;
    struct table *table;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(table_add_block(b, &blocks[i].range,
                                         blocks[i].none ? NULL : blocks[i].text, NULL, 0, 300,
                                         flags_of[i], i, NULL),
                         0);
    if (table_finish(b, &table, NULL, NULL) < 0) { /* equal or crossing intervals */
        table_builder_free(b);
        return;
    }
    table_builder_free(b);
    forget();
    for (uint32_t i = 0; i < table->v4.count + table->v6.count; i++) {
        const struct block *block =
            i < table->v4.count ? &table->v4.blocks[i] : &table->v6.blocks[i - table->v4.count];
        if (block->template)
            assert_true(add_texts(block->template, &block->range, block->ref, table));
    }
    bool bad = has_duplicate();
    struct proof_collision c;
    int got = proof_collision(table, &c);
    if (got == PTRD_ELIMIT) {
        printf("collisions given up:\n");
        describe(blocks, count);
        given_up++;
    } else if (got < 0 || (got == PTRD_FOUND) != bad) {
        describe(blocks, count);
        fail_msg("proof says %d, enumeration %s", got, bad ? "collision" : "none");
    } else if (got == PTRD_FOUND) {
        check_collision(table, blocks, &c);
    }
    *(bad ? &tables_bad : &tables_good) += 1;
    table_free(table);
}

/* A block whose template is fit for it; false when the dice gave none. */
static bool random_block(struct case_block *block, enum family family, u128 base, unsigned window,
                         const char *text)
{
    struct template *t;
    block->range = random_range(family, base, window);
    if (text)
        memmove(block->text, text, strlen(text) + 1);
    else
        random_template(family, block->text);
    if (template_compile(block->text, strlen(block->text), &block->range, NULL, 0, &t, NULL) < 0)
        return false;
    bool good = compare_block(t, &block->range, block->text);
    template_free(t);
    return good;
}

static void random_table(unsigned window)
{
    struct case_block blocks[14];
    unsigned count = 0, wanted = 2 + pick(pick(4) ? 5 : 12), families = pick(4);
    enum family family = families & 1 ? FAMILY_IPV4 : FAMILY_IPV6;
    u128 bases[2][2];
    for (unsigned i = 0; i < 2; i++) {
        bases[0][i] = random_base(FAMILY_IPV4);
        bases[1][i] = random_base(FAMILY_IPV6);
    }
    for (unsigned tries = 0; tries < 60 && count < wanted; tries++) {
        if (families == 3)
            family = pick(2) ? FAMILY_IPV4 : FAMILY_IPV6;
        const struct case_block *other = &blocks[count ? pick(count) : 0];
        const char *again = count && pick(2) ? other->text : NULL;
        char derived[512];
        if (count && again && pick(2)) {
            derived_template(again, &other->range, family, derived);
            again = derived;
        }
        if (!random_block(&blocks[count], family, bases[family == FAMILY_IPV6][pick(2)], window,
                          again))
            continue;
        flags_of[count] = pick(2) ? BLOCK_SHARED_NAMES : 0;
        blocks[count].none = pick(8) == 0;
        bool clash = false;
        for (unsigned i = 0; i < count; i++) {
            const struct range *x = &blocks[i].range, *y = &blocks[count].range;
            clash = clash ||
                    (x->family == y->family && x->first <= y->last && y->first <= x->last &&
                     !((x->first <= y->first && y->last <= x->last) ||
                       (y->first <= x->first && x->last <= y->last))) ||
                    (x->family == y->family && x->first == y->first && x->last == y->last);
        }
        count += !clash;
    }
    compare_table(blocks, count);
}

static void blocks_agree_with_enumeration(void **state)
{
    (void)state;
    unsigned rounds = getenv("PTRD_TEST_LONG") ? 60000 : 5000;
    struct case_block block;
    for (unsigned i = 0; i < rounds; i++) {
        enum family family = pick(2) ? FAMILY_IPV4 : FAMILY_IPV6;
        (void)random_block(&block, family, random_base(family),
                           i % 4 && family == FAMILY_IPV6 ? 9 : 12, NULL);
    }
    printf("blocks: %u accepted, %u refused, %u given up\n", accepted, refused, given_up);
    assert_true(accepted > 100 && refused > 100);
    assert_true(given_up * 200 < rounds);
}

static void tables_agree_with_enumeration(void **state)
{
    (void)state;
    unsigned rounds = getenv("PTRD_TEST_LONG") ? 20000 : 1500;
    given_up = 0;
    for (unsigned i = 0; i < rounds; i++)
        random_table(4 + pick(7));
    printf("tables: %u without and %u with collisions, %u given up\n", tables_good, tables_bad,
           given_up);
    assert_true(tables_good > 50 && tables_bad > 50);
    assert_true(given_up * 200 < rounds);
}

static int setup(void **state)
{
    (void)state;
    const char *seed = getenv("PTRD_TEST_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    printf("PTRD_TEST_SEED=%llu\n", (unsigned long long)random_state);
    arena = malloc(ARENA_SIZE);
    entries = malloc(ENTRIES_MAX * sizeof *entries);
    return arena && entries ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(arena);
    free(entries);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_agree_with_enumeration),
        cmocka_unit_test(tables_agree_with_enumeration),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
