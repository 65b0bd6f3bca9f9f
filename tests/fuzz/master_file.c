/* Any octets as a master file: a zone that can be printed, or a refusal. */
#include "import_fuzz.h"

#include <ctype.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* $GENERATE with long numbers is slow, not wrong. */
static bool is_slow(const uint8_t *data, size_t size)
{
    unsigned digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = isdigit(data[i]) ? digits + 1 : 0;
        if (digits > 3 && memmem(data, size, "-", 1) &&
            (memmem(data, size, "$G", 2) || memmem(data, size, "$g", 2)))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_import *i;
    struct diag diag = {.file = NULL};
    struct name origin;
    char path[64];
    unsigned notes = 0;
    if (is_slow(data, size))
        return 0;
    int fd = input_file(data, size, path);
    check(source_import_new(look_at_note, &notes, &i) == 0);
    check(name_parse("2.0.192.in-addr.arpa", 20, &origin, NULL) == 0);
    int err = source_import_zone(i, path, size % 2 ? &origin : NULL, NULL, NULL, &diag);
    look_at_import(i, err, &diag);
    source_import_free(i);
    close(fd);
    return 0;
}
