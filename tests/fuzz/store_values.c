/* Stored bytes are input: every decoder takes anything, and what it accepts can be walked safely.
 * The first byte says where the key ends. */
#include <stdint.h>

#include "ptrd/store/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_values(struct span key, struct span value)
{
    struct store_zone zone;
    struct store_zone_id id;
    struct store_block block;
    struct store_ptr ptr;
    struct store_rrset set;
    struct store_meta meta;
    struct span item;
    size_t at = 0;
    (void)!store_read_zone(value, &zone);
    (void)!store_read_zone_id(value, &id);
    (void)!store_read_block(key, value, &block);
    (void)!store_read_meta(value, &meta);
    if (store_read_ptr(value, &ptr) == 0)
        while (store_next_name(ptr.names, &at, &item) == PTRD_FOUND)
            ;
    at = 0;
    if (store_read_rrset(value, &set) == 0)
        while (store_next_content(set.contents, &at, &item) == PTRD_FOUND)
            ;
    at = 0;
    while (store_next_string(value, &at, &item) == PTRD_FOUND)
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addr addr;
    struct name name;
    struct span kind;
    uint16_t type;
    uint32_t id;
    if (size < 1)
        return 0;
    size_t cut = data[0] < size - 1 ? data[0] : size - 1;
    struct span key = {.bytes = data + 1, .len = cut};
    struct span value = {.bytes = data + 1 + cut, .len = size - 1 - cut};
    (void)!store_read_key_addr(key, &addr);
    (void)!store_read_key_rrset(key, &name, &type);
    (void)!store_read_key_derived(key, &name, &addr);
    (void)!store_read_key_metadata(key, &id, &kind);
    read_values(key, value);
    return 0;
}
