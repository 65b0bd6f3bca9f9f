/* error.h: texts of errors, and diagnostics. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/core/error.h"

static void test_every_error_has_its_own_text(void **state)
{
    static const int errors[] = {PTRD_OK,       PTRD_EINVAL,   PTRD_ESPACE, PTRD_ENOMEM,
                                 PTRD_ECORRUPT, PTRD_EVERSION, PTRD_EBUSY,  PTRD_ECONFLICT,
                                 PTRD_ELIMIT,   PTRD_ESTORE,   PTRD_ELOST,  -EACCES,
                                 -ENOENT};
    (void)state;
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_true(strlen(ptrd_strerror(errors[i])) > 1);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(ptrd_strerror(errors[i]), ptrd_strerror(errors[k]));
    }
    assert_non_null(ptrd_strerror(-99999));
    assert_non_null(ptrd_strerror(99999));
    assert_non_null(ptrd_strerror(INT32_MIN));
}

static void test_refusing_fills_the_message_and_returns_the_error(void **state)
{
    struct diag diag = {.file = NULL};
    char longest[2000];
    (void)state;
    assert_int_equal(diag_set(&diag, PTRD_ELIMIT, "%d of %s", 7, "nine"), PTRD_ELIMIT);
    assert_string_equal(diag.message, "7 of nine");
    assert_int_equal(diag_set(NULL, PTRD_EINVAL, "unheard"), PTRD_EINVAL);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(diag_set(&diag, PTRD_EINVAL, "%s", longest), PTRD_EINVAL);
    assert_int_equal(strlen(diag.message), sizeof diag.message - 1);
}

static void test_unknown_parts_of_a_place_are_left_out(void **state)
{
    struct diag diag = {.file = "zones.yaml", .line = 12, .column = 3, .message = "no"};
    char text[64], small[8];
    (void)state;
    diag_print(&diag, text, sizeof text);
    assert_string_equal(text, "zones.yaml:12:3: no");
    diag.column = 0;
    diag_print(&diag, text, sizeof text);
    assert_string_equal(text, "zones.yaml:12: no");
    diag.line = 0;
    diag_print(&diag, text, sizeof text);
    assert_string_equal(text, "zones.yaml: no");
    diag.file = NULL;
    diag_print(&diag, text, sizeof text);
    assert_string_equal(text, "no");
    diag = (struct diag){.file = "zones.yaml", .line = 12, .message = "no"};
    memset(small, 'x', sizeof small);
    diag_print(&diag, small, sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
    assert_memory_equal(small, "zones.y", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_its_own_text),
        cmocka_unit_test(test_refusing_fills_the_message_and_returns_the_error),
        cmocka_unit_test(test_unknown_parts_of_a_place_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
