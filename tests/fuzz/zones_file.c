/* Any octets as a zones file: a sorted model whose values are sane, or a refusal with a place; then
 * the checks of the whole, as `ptrctl check` makes them. */
#include "ptrd/check/model.h"
#include "ptrd/source/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_records(const struct model_record *records, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        check(strlen(records[i].content) == records[i].content_len);
        check(records[i].ttl_s <= INT32_MAX);
        check(i == 0 || name_compare(&records[i - 1].owner, &records[i].owner) <= 0);
    }
}

static void check_values(const struct model *m)
{
    for (uint32_t i = 0; i < m->zone_count; i++) {
        check(m->zones[i].settings.ttl_s <= INT32_MAX);
        check(i == 0 || name_compare(&m->zones[i - 1].apex, &m->zones[i].apex) < 0);
    }
    check_records(m->records, m->record_count);
    check_records(m->above, m->above_count);
    for (uint32_t i = 0; i < m->delegation_count; i++)
        check(m->delegations[i].ns_count > 0 && m->delegations[i].ttl_s <= INT32_MAX);
    for (uint32_t i = 0; i < m->block_count; i++)
        check(m->blocks[i].range.first <= m->blocks[i].range.last);
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        struct span wire = model_target(m, &m->ptrs[i]);
        struct name n;
        check(name_from_wire(wire.bytes, wire.len, &n) == 0);
        check(m->ptrs[i].ttl_s <= INT32_MAX || m->ptrs[i].ttl_s == MODEL_TTL_UNSAID);
    }
}

static void check_whole(const struct model *m)
{
    struct table *t = NULL;
    struct diag diag = {0};
    uint64_t errors, warnings;
    if (check_model(m, &t, &diag) < 0)
        check(diag.message[0] != '\0' && diag.line > 0);
    else
        check(check_pairs(m, t, NULL, NULL, &errors, &warnings) == 0);
    table_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model *m = NULL;
    struct diag diag = {0};
    char path[40];
    if (memmem(data, size, "ptrs_file", 9))
        return 0; /* would open files of this machine */
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int r = source_file_read(path, &m, NULL, NULL, &diag);
    if (r < 0)
        check(diag.message[0] != '\0' && diag.line > 0);
    else {
        check_values(m);
        check_whole(m);
    }
    model_free(m);
    close(fd);
    return 0;
}
