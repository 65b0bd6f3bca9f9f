/* A small store for tests in C, written by the store's own writer: two forward zones, a /24 and a
 * /32 with generated names, one explicit PTR, a few records, metadata. The directory is made anew
 * in /tmp and removed by small_store_remove. Every function ends the program on failure. */
#ifndef TESTS_SUPPORT_SMALL_STORE_H
#define TESTS_SUPPORT_SMALL_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptrd/core/arpa.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/store/store.h"

struct small_store {
    char dir[64];
    struct store *store;
    struct store_writer *writer;
    struct store_buf key, value;
    uint32_t zones;
};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        int must_rc = (call);                                                                      \
        if (must_rc < 0) {                                                                         \
            fprintf(stderr, "%s:%d: %s: %d %s\n", __FILE__, __LINE__, #call, must_rc,              \
                    ptrd_strerror(must_rc));                                                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline struct name small_name(const char *text)
{
    struct name name;
    MUST(name_parse(text, strlen(text), &name, NULL));
    return name;
}

static inline void small_put(struct small_store *s, enum store_table table)
{
    MUST(store_put(s->writer, table, (struct span){s->key.bytes, s->key.len},
                   (struct span){s->value.bytes, s->value.len}));
}

static inline void small_zone(struct small_store *s, const char *apex)
{
    struct name name = small_name(apex);
    struct store_zone zone = {.soa = {small_name("ns1.isp.example"),
                                      small_name("hostmaster.isp.example"), 10800, 3600, 604800,
                                      300},
                              .ttl_s = 3600};
    struct store_zone_id id = {.id = ++s->zones, .serial = 1700000000 + s->zones};
    MUST(store_key_name(&name, &s->key));
    MUST(store_write_zone(&zone, &s->value));
    small_put(s, STORE_ZONES);
    MUST(store_write_zone_id(&id, &s->value));
    small_put(s, STORE_ZONE_IDS);
}

static inline void small_block(struct small_store *s, const char *first, unsigned prefix_len,
                               const char *text, uint32_t ttl_s)
{
    struct addr addr;
    MUST(addr_parse(first, strlen(first), &addr));
    struct range range = {.family = addr.family,
                          .first = addr.num,
                          .last = addr.num | low_bits(family_bits(addr.family) - prefix_len)};
    struct store_block block = {
        .range = range, .text = {(const uint8_t *)text, strlen(text)}, .ttl_s = ttl_s};
    MUST(store_key_block(&range, &s->key));
    MUST(store_write_block(&block, &s->value));
    small_put(s, STORE_BLOCKS);
}

static inline void small_ptr(struct small_store *s, const char *address, const char *target)
{
    struct addr addr;
    struct name name = small_name(target);
    MUST(addr_parse(address, strlen(address), &addr));
    struct store_ptr ptr = {.ttl_s = 300, .count = 1, .names = {name.wire, name.len}};
    MUST(store_key_addr(&addr, &s->key));
    MUST(store_write_ptr(&ptr, &s->value));
    small_put(s, STORE_PTRS);
}

static inline void small_record(struct small_store *s, const char *owner, uint16_t type,
                                const char *content)
{
    struct name name = small_name(owner);
    struct store_buf one = {0};
    MUST(store_append_content(content, strlen(content), &one));
    struct store_rrset set = {
        .type = type, .count = 1, .ttl_s = 3600, .contents = {one.bytes, one.len}};
    MUST(store_key_rrset(&name, type, &s->key));
    MUST(store_write_rrset(&set, &s->value));
    small_put(s, STORE_RECORDS);
    store_buf_done(&one);
}

static inline void small_metadata(struct small_store *s, uint32_t zone_id, const char *kind,
                                  const char *const *values, unsigned count)
{
    struct span items[8];
    for (unsigned i = 0; i < count; i++)
        items[i] = (struct span){(const uint8_t *)values[i], strlen(values[i])};
    MUST(store_key_metadata(zone_id, kind, &s->key));
    MUST(store_write_strings(items, count, &s->value));
    small_put(s, STORE_METADATA);
}

static inline void small_content(struct small_store *s)
{
    static const char *const acl[] = {"192.0.2.1", "2001:db8::1"}, *const odd[] = {
                                                                       "a\"b\\c\n\xc3\xbc\xff"};
    small_zone(s, "isp.example");
    small_zone(s, "dyn.isp.example");
    small_zone(s, "100.51.198.in-addr.arpa");
    small_zone(s, "8.b.d.0.1.0.0.2.ip6.arpa");
    small_block(s, "198.51.100.0", 24, "{ip}.dyn.isp.example", 600);
    small_block(s, "2001:db8::", 32, "{ip}.dyn.isp.example", 600);
    small_ptr(s, "198.51.100.25", "mail.customer.example");
    small_record(s, "isp.example", RRTYPE_NS, "ns1.isp.example.");
    small_record(s, "ns1.isp.example", RRTYPE_A, "192.0.2.53");
    small_record(s, "text.isp.example", RRTYPE_TXT, "\"a \\\"quoted\\\" \\\\ and \xff\"");
    small_record(s, "a\\.b\\\"c\\007.isp.example", RRTYPE_A, "192.0.2.54");
    small_metadata(s, 1, "ALLOW-AXFR-FROM", acl, 2);
    small_metadata(s, 1, "X-ODD", odd, 1);
    small_metadata(s, 3, "X-OTHER", odd, 0);
}

static inline void small_store_make(struct small_store *s)
{
    struct store_meta meta;
    struct diag diag = {0};
    *s = (struct small_store){.dir = "/tmp/ptrd-test-XXXXXX"};
    if (!mkdtemp(s->dir))
        abort();
    MUST(store_open(s->dir, STORE_OPEN_CREATE, &s->store, &diag));
    MUST(store_write_begin(s->store, 0, &s->writer, &meta, &diag));
    small_content(s);
    meta.source = SOURCE_FILE;
    meta.next_zone_id = s->zones + 1;
    meta.structure++;
    meta.data++;
    MUST(store_write_commit(s->writer, &meta, &diag));
    store_close(s->store);
    store_buf_done(&s->key);
    store_buf_done(&s->value);
}

static inline void small_store_remove(struct small_store *s)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char path[128];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
        unlink(path);
    }
    rmdir(s->dir);
}

#endif
