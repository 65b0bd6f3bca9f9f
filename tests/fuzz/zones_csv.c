/* Any octets as a CSV of PTRs: rows whose targets are names, or a refusal with line and column. */
#include "../../admin/source/file_p.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct source s = {.diag = &diag, .path = "fuzz"};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    check(model_new(&s.m) == 0 && model_add_file(s.m, "fuzz") == 0);
    if (csv_read(&s, fd, 0) < 0)
        check(diag.message[0] != '\0' && diag.line > 0 && diag.column > 0);
    for (uint32_t i = 0; i < s.m->ptr_count; i++) {
        struct span wire = model_target(s.m, &s.m->ptrs[i]);
        struct name n;
        check(name_from_wire(wire.bytes, wire.len, &n) == 0 && n.len > 1);
        check(s.m->ptrs[i].ttl_s <= INT32_MAX || s.m->ptrs[i].ttl_s == MODEL_TTL_UNSAID);
    }
    if (model_sort(s.m, &diag) < 0)
        check(diag.line > 0);
    model_free(s.m);
    close(fd);
    return 0;
}
