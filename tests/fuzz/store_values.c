/* Stored bytes are input: every decoder takes anything, and what it accepts can be walked safely.
 * The first byte says where the key ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/store/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is written back as something that is accepted with the same meaning. */
static void zone_again(const struct store_zone *zone)
{
    struct store_buf buf = {0};
    struct store_zone again;
    if (store_write_zone(zone, &buf) ||
        store_read_zone((struct span){buf.bytes, buf.len}, &again) || again.kind != zone->kind ||
        again.classless != zone->classless || again.prefix.num != zone->prefix.num ||
        again.primary_count != zone->primary_count)
        abort();
    store_buf_done(&buf);
}

static void delegation_again(struct span key, const struct store_delegation *d)
{
    struct store_buf buf = {0}, key_buf = {0};
    struct store_delegation again;
    size_t at = 0, names = 0, contents = 0;
    struct span item;
    while (store_next_name(d->ns, &at, &item) == PTRD_FOUND)
        names++;
    for (at = 0; store_next_content(d->ds, &at, &item) == PTRD_FOUND;)
        contents++;
    if (names != d->ns_count || contents != d->ds_count ||
        store_key_delegation(&d->prefix, &key_buf) || key_buf.len != key.len ||
        memcmp(key_buf.bytes, key.bytes, key.len) != 0 || store_write_delegation(d, &buf) ||
        store_read_delegation(key, (struct span){buf.bytes, buf.len}, &again))
        abort();
    store_buf_done(&buf);
    store_buf_done(&key_buf);
}

static void key_again(struct span value, const struct store_key *key)
{
    struct store_buf buf = {0};
    if (store_write_key(key, &buf) || buf.len != value.len ||
        memcmp(buf.bytes, value.bytes, value.len) != 0)
        abort();
    store_buf_done(&buf);
}

static void read_values(struct span key, struct span value)
{
    struct store_zone zone;
    struct store_zone_id id;
    struct store_block block;
    struct store_ptr ptr;
    struct store_rrset set;
    struct store_meta meta;
    struct store_delegation delegation;
    struct store_zone_state zone_state;
    struct store_key dnssec_key;
    struct span item;
    uint8_t flags;
    size_t at = 0;
    if (store_read_zone(value, &zone) == 0)
        zone_again(&zone);
    if (store_read_delegation(key, value, &delegation) == 0)
        delegation_again(key, &delegation);
    (void)!store_read_zone_state(value, &zone_state);
    if (store_read_key(value, &dnssec_key) == 0)
        key_again(value, &dnssec_key);
    (void)!store_read_cut(value, &flags);
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
    uint32_t id, key_id;
    if (size < 1)
        return 0;
    size_t cut = data[0] < size - 1 ? data[0] : size - 1;
    struct span key = {.bytes = data + 1, .len = cut};
    struct span value = {.bytes = data + 1 + cut, .len = size - 1 - cut};
    (void)!store_read_key_addr(key, &addr);
    (void)!store_read_key_rrset(key, &name, &type);
    (void)!store_read_key_derived(key, &name, &addr);
    (void)!store_read_key_key(key, &id, &key_id);
    (void)!store_read_key_metadata(key, &id, &kind);
    read_values(key, value);
    return 0;
}
