/* What the fuzz targets of the imports share: an input as a file, and what every import must be. */
#ifndef PTRD_TESTS_FUZZ_IMPORT_FUZZ_H
#define PTRD_TESTS_FUZZ_IMPORT_FUZZ_H

#include "ptrd/check/model.h"
#include "ptrd/source/import.h"
#include "ptrd/source/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static inline void check(bool good)
{
    if (!good)
        abort();
}

/* A file that is gone when fd is closed; path leads to it. */
static inline int input_file(const uint8_t *data, size_t size, char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static inline void look_at_note(void *ctx, const struct diag *note)
{
    ++*(unsigned *)ctx;
    check(note->file && note->message[0] && note->line > 0);
}

/* What was accepted can be checked and printed; a refusal says why. */
static inline void look_at_import(struct source_import *i, int err, struct diag *diag)
{
    const struct model *m;
    struct table *t = NULL;
    char *text = NULL;
    size_t size = 0;
    if (err == 0)
        err = source_import_finish(i, &m, diag);
    if (err == 0)
        err = check_model(m, &t, diag);
    check(err == 0 || diag->message[0]);
    if (err < 0)
        return;
    table_free(t);
    FILE *out = open_memstream(&text, &size);
    check(out && source_print(out, m) == 0 && fclose(out) == 0 && size > 0);
    free(text);
}

#endif
