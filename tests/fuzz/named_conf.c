/* Any octets as a named.conf: zones whose files are (mostly) not there, or a refusal. */
#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_import *i;
    struct diag diag = {.file = NULL};
    char path[64];
    unsigned notes = 0;
    int fd = input_file(data, size, path);
    check(source_import_new(look_at_note, &notes, &i) == 0);
    int err = source_import_bind(i, path, NULL, NULL, &diag);
    look_at_import(i, err, &diag);
    source_import_free(i);
    close(fd);
    return 0;
}
