/* conf.h: the tree, its positions, and every refusal with its exact place. */
#include "ptrd/conf/conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct conf_node *parse(const char *text, struct conf_doc **doc)
{
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    int r = conf_parse("t.yaml", text, strlen(text), doc, &root, &diag);
    if (r != 0)
        print_message("%u:%u: %s\n", diag.line, diag.column, diag.message);
    assert_int_equal(r, 0);
    return root;
}

static void tree_keeps_order_places_and_text(void **state)
{
    (void)state;
    struct conf_doc *doc;
    const struct conf_node *root = parse("\xef\xbb\xbf# c\n"
                                         "b: {x: \"q\\x41\", y: 'it'}\n"
                                         "a:\n"
                                         "  - 1\n"
                                         "  - [\"\xc3\xa4\", tail]\n"
                                         "2001:db8::25: mail\n"
                                         "::1: me\n",
                                         &doc);
    assert_int_equal(root->kind, CONF_MAPPING);
    assert_int_equal(root->count, 4);
    const struct conf_node *b = root->first, *a = b->next;
    assert_string_equal(b->key->text, "b");
    assert_int_equal(b->line, 2);
    assert_int_equal(b->column, 4);
    assert_string_equal(conf_get(b, "x")->text, "qA");
    assert_true(conf_get(b, "x")->quoted);
    assert_false(conf_get(b, "x")->exact);
    assert_true(conf_get(b, "y")->exact);
    assert_int_equal(conf_get(b, "y")->column, 20);
    assert_null(conf_get(b, "z"));
    assert_int_equal(a->kind, CONF_SEQUENCE);
    assert_int_equal(a->first->next->first->text_len, 2);
    assert_true(a->first->next->first->exact);
    assert_int_equal(a->first->next->first->next->line, 5);
    assert_int_equal(a->first->next->first->next->column, 11); /* characters, not octets */
    assert_string_equal(conf_get(root, "2001:db8::25")->text, "mail");
    assert_string_equal(conf_get(root, "::1")->text, "me");
    conf_free(doc);
}

static void empty_documents_are_empty_mappings(void **state)
{
    static const char *const texts[] = {"", "# nothing\n", "---\n", "---\n...\n", "~\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct conf_doc *doc;
        const struct conf_node *root = parse(texts[i], &doc);
        assert_int_equal(root->kind, CONF_MAPPING);
        assert_int_equal(root->count, 0);
        conf_free(doc);
    }
}

struct refusal {
    const char *text;
    uint32_t line, column;
    const char *message;
};

#define HINT(word)                                                                                 \
    "`" word "` is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' here, "  \
    "write \"" word "\""

static const struct refusal refusals[] = {
    {"a: {prefix: 2001:db8::, name: x}", 1, 22, HINT("2001:db8::")},
    {"a: {name: x, prefix: 2001:db8::}", 1, 31, HINT("2001:db8::")},
    {"a: {prefix: 2001:db8:: , name: x}", 1, 22, HINT("2001:db8::")},
    {"a: [2001:db8::, x]", 1, 14, HINT("2001:db8::")},
    {"a: [x, 2001:db8::]", 1, 17, HINT("2001:db8::")},
    {"a: {::1: x}", 1, 5, HINT("::1")},
    {"a: {prefix: ::/0}", 1, 13, HINT("::/0")},
    {"a:\n - x\n - {b: [::, c]}", 3, 9, HINT("::")},
    {"a: {range: ::1-::2}", 1, 12, HINT("::1-::2")},
    {"prefix: 2001:db8::\nb: c", 1, 18, HINT("2001:db8::")},
    {"- ::1\n- 2001:db8::\n- x", 2, 3, HINT("2001:db8::")},
    {"\xc3\xa4: {\xc3\xa4: ::1}", 1, 8, HINT("::1")},
    {"a: {b: 1, b: 2}", 1, 11, "key `b` is given twice, first in line 1"},
    {"a: 1\nb: 2\n\"a\": 3", 3, 1, "key `a` is given twice, first in line 1"},
    {"a: &x 1", 1, 4, "anchors (`&name`) are not allowed"},
    {"a: &x [1]", 1, 4, "anchors (`&name`) are not allowed"},
    {"a: &x {b: 1}", 1, 4, "anchors (`&name`) are not allowed"},
    {"a: *x", 1, 4, "aliases (`*name`) are not allowed"},
    {"a: !!str 1", 1, 4, "tags (`!name`) are not allowed"},
    {"a: !t [1]", 1, 4, "tags (`!name`) are not allowed"},
    {"a: 1\n---\nb: 1", 2, 1, "a second document (`---`) is not allowed"},
    {"[a]: 1", 1, 1, "a key must be a text"},
    {"a: \"x\\0y\"", 1, 4, "a text with a NUL character is not allowed"},
    {"a: [1", 2, 1,
     "not valid YAML: did not find expected ',' or ']' while parsing a flow sequence that "
     "begins in line 1"},
    {"a: \"x", 1, 6,
     "not valid YAML: found unexpected end of stream while scanning a quoted scalar"},
    {"a:\n\tb: 1", 2, 1, "not valid YAML: a tab stands where only spaces may"},
    {"a:\n - \"x\n  y\n", 4, 1,
     "not valid YAML: found unexpected end of stream while scanning a quoted scalar that begins in "
     "line 2"},
    {"a: b: c", 1, 5, "not valid YAML: mapping values are not allowed in this context"},
    {"a: 1\nb: \xff", 2, 4, "not a UTF-8 text: invalid leading UTF-8 octet"},
    {"\xff\xfe\x61\x00", 1, 1, "not a UTF-8 text: invalid leading UTF-8 octet"},
    {"a: \x01", 1, 4, "not a UTF-8 text: control characters are not allowed"},
};

static void refusals_name_place_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *t = &refusals[i];
        struct conf_doc *doc = NULL;
        const struct conf_node *root = NULL;
        struct diag diag = {0};
        int r = conf_parse("t.yaml", t->text, strlen(t->text), &doc, &root, &diag);
        if (r != PTRD_EINVAL || diag.line != t->line || diag.column != t->column ||
            strcmp(diag.message, t->message) != 0)
            fail_msg("%s\n gave %d %u:%u: %s", t->text, r, diag.line, diag.column, diag.message);
        assert_null(doc);
        assert_string_equal(diag.file, "t.yaml");
    }
}

static void words_that_are_no_addresses_get_no_hint(void **state)
{
    (void)state;
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    assert_int_equal(conf_parse("t", "a: {b: xyz::, c: 1}", 19, &doc, &root, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message,
                        "not valid YAML: found unexpected ':' while scanning a plain scalar");
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    char text[2 * CONF_DEPTH_MAX + 8];
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    for (unsigned depth = CONF_DEPTH_MAX; depth <= CONF_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        int r = conf_parse("t", text, 2 * (size_t)depth, &doc, &root, &diag);
        assert_int_equal(r, depth == CONF_DEPTH_MAX ? 0 : PTRD_EINVAL);
        if (r == 0)
            conf_free(doc);
    }
    assert_string_equal(diag.message, "nested too deeply");
    assert_int_equal(diag.column, CONF_DEPTH_MAX + 1);
}

static void many_keys_are_compared_all(void **state)
{
    (void)state;
    size_t size = 2000000, at = 0;
    char *text = malloc(size);
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    for (unsigned i = 0; i < 100000; i++)
        at += (size_t)snprintf(text + at, size - at, "key%u: %u\n", i, i);
    assert_int_equal(conf_parse("t", text, at, &doc, &root, &diag), 0);
    assert_int_equal(root->count, 100000);
    conf_free(doc);
    at += (size_t)snprintf(text + at, size - at, "key77777: 1\n");
    assert_int_equal(conf_parse("t", text, at, &doc, &root, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "key `key77777` is given twice, first in line 77778");
    assert_int_equal(diag.line, 100001);
    free(text);
}

static void getters_say_what_they_expect(void **state)
{
    (void)state;
    struct conf_doc *doc;
    struct diag diag = {0};
    const struct conf_node *root =
        parse("n: 42\nq: \"42\"\nz: 042\nbig: 99999999999999999999\n"
              "y: yes\nf: false\nt: text\ne: \"\"\nnil: ~\nl: []\nm: {}\n",
              &doc);
    uint64_t n = 7;
    bool b = false;
    const char *text = NULL;
    size_t len = 0;
    assert_int_equal(conf_number(conf_get(root, "n"), "`n`", 0, 42, &n, &diag), 0);
    assert_int_equal(n, 42);
    assert_int_equal(conf_number(conf_get(root, "n"), "`n`", 0, 41, &n, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "`n`: expected a number from 0 to 41, found `42`");
    assert_int_equal(conf_number(conf_get(root, "n"), "`n`", 43, 50, &n, &diag), PTRD_EINVAL);
    assert_int_equal(conf_number(conf_get(root, "q"), "`q`", 0, 99, &n, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message,
                        "`q`: expected a number from 0 to 99, found the quoted text `42`");
    assert_int_equal(conf_number(conf_get(root, "z"), "`z`", 0, 99, &n, &diag), PTRD_EINVAL);
    assert_int_equal(conf_number(conf_get(root, "big"), "`b`", 0, UINT64_MAX, &n, &diag),
                     PTRD_EINVAL);
    assert_int_equal(conf_number(conf_get(root, "l"), "`l`", 0, 9, &n, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "`l`: expected a number from 0 to 9, found a list");
    assert_int_equal(diag.line, 10);
    assert_int_equal(diag.column, 4);
    assert_int_equal(n, 42);
    assert_int_equal(conf_bool(conf_get(root, "y"), "`y`", &b, &diag), 0);
    assert_true(b);
    assert_int_equal(conf_bool(conf_get(root, "f"), "`f`", &b, &diag), 0);
    assert_false(b);
    assert_int_equal(conf_bool(conf_get(root, "t"), "`t`", &b, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "`t`: expected yes or no, found `text`");
    assert_int_equal(conf_text(conf_get(root, "t"), "`t`", &text, &len, &diag), 0);
    assert_int_equal(len, 4);
    assert_int_equal(conf_text(conf_get(root, "e"), "`e`", &text, &len, &diag), PTRD_EINVAL);
    assert_int_equal(conf_text(conf_get(root, "nil"), "`nil`", &text, &len, &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "`nil`: expected a text, found nothing");
    assert_int_equal(conf_expect(conf_get(root, "m"), CONF_SEQUENCE, "`m`", &diag), PTRD_EINVAL);
    assert_string_equal(diag.message, "`m`: expected a list, found a mapping");
    assert_int_equal(conf_expect(conf_get(root, "m"), CONF_MAPPING, "`m`", &diag), 0);
    conf_free(doc);
}

static void unknown_keys_get_the_nearest_one(void **state)
{
    static const char *const known[] = {"prefix", "range", "name", "ttl", NULL};
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"prefxi: 1", "x: unknown key `prefxi`, did you mean `prefix`? (known: prefix, range, "
                      "name, ttl)"},
        {"ranges: 1",
         "x: unknown key `ranges`, did you mean `range`? (known: prefix, range, name, ttl)"},
        {"tl: 1", "x: unknown key `tl`, did you mean `ttl`? (known: prefix, range, name, ttl)"},
        {"colour: 1", "x: unknown key `colour` (known: prefix, range, name, ttl)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf_doc *doc;
        struct diag diag = {0};
        const struct conf_node *root = parse(cases[i].text, &doc);
        assert_int_equal(conf_known(root, known, "x", &diag), PTRD_EINVAL);
        assert_string_equal(diag.message, cases[i].message);
        assert_int_equal(diag.line, 1);
        assert_int_equal(diag.column, 1);
        conf_free(doc);
    }
}

static void quoted_values_are_short_and_printable(void **state)
{
    (void)state;
    char out[CONF_QUOTE_SIZE], text[300];
    assert_string_equal(conf_quote("a\nb", 3, out), "`a?b`");
    memset(text, 'x', sizeof text);
    assert_int_equal(strlen(conf_quote(text, sizeof text, out)), 65);
    memset(text, '\x80', sizeof text); /* no character at all: cut all the same */
    assert_true(strlen(conf_quote(text, sizeof text, out)) < CONF_QUOTE_SIZE);
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    assert_int_equal(strlen(conf_quote(text, sizeof text, out)), 125);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    assert_int_equal(conf_read("/nonexistent/x.yaml", &doc, &root, &diag), -ENOENT);
    assert_string_equal(diag.message, "cannot open: No such file or directory");
    assert_string_equal(diag.file, "/nonexistent/x.yaml");
    assert_int_equal(conf_read("/", &doc, &root, &diag), -EISDIR);
    assert_string_equal(diag.message, "cannot read: Is a directory");
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    int fds[2];
    char path[32];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "a: 1\n", 5), 5);
    close(fds[1]);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
    assert_int_equal(conf_read(path, &doc, &root, &diag), 0);
    assert_string_equal(conf_get(root, "a")->text, "1");
    conf_free(doc);
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_keeps_order_places_and_text),
        cmocka_unit_test(empty_documents_are_empty_mappings),
        cmocka_unit_test(refusals_name_place_and_reason),
        cmocka_unit_test(words_that_are_no_addresses_get_no_hint),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(many_keys_are_compared_all),
        cmocka_unit_test(getters_say_what_they_expect),
        cmocka_unit_test(unknown_keys_get_the_nearest_one),
        cmocka_unit_test(quoted_values_are_short_and_printable),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
