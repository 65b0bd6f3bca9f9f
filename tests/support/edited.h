/* Edits of a store that a zones file was loaded into, for tests in C: one call an edit, answers as
 * text, all rows of all tables as text. Every function ends the test on failures that are not the
 * subject of a test. */
#ifndef TESTS_SUPPORT_EDITED_H
#define TESTS_SUPPORT_EDITED_H

#include "loaded.h"
#include "ptrd/edit/edit.h"

struct edited {
    struct loaded loaded;
    struct engine *engine;
    struct diag diag; /* of the last edit */
};

static inline void edited_open(struct edited *t)
{
    struct diag diag = {.file = NULL};
    if (engine_open(t->loaded.dir, &t->engine, &diag) < 0)
        fail_msg("%s", diag.message);
}

static inline void edited_start(struct edited *t, const char *zones, int64_t now_s)
{
    memset(t, 0, sizeof *t);
    loaded_make(&t->loaded);
    loaded_load(&t->loaded, zones, now_s);
    edited_open(t);
}

static inline void edited_stop(struct edited *t)
{
    engine_close(t->engine);
    loaded_remove(&t->loaded);
}

static inline struct name edited_name(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

static inline uint16_t edited_type(const char *text)
{
    uint16_t type;
    assert_int_equal(rrtype_parse(text, strlen(text), &type), 0);
    return type;
}

/* --- looking ---------------------------------------------------------------------------------- */

static inline int edited_by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void edited_row(char *out, size_t size, const struct row *r)
{
    char type[RRTYPE_TEXT_SIZE], content[NAME_TEXT_SIZE] = "";
    struct name target;
    rrtype_print(r->type, type);
    if (r->kind == ROW_ADDR)
        addr_print(&r->addr, content);
    else if (r->kind == ROW_NAME && name_from_wire(r->bytes.bytes, r->bytes.len, &target) == 0)
        name_print(&target, content);
    else if (r->kind == ROW_TEXT)
        snprintf(content, sizeof content, "%.*s", (int)r->bytes.len, (const char *)r->bytes.bytes);
    if (r->kind == ROW_ENT)
        snprintf(out, size, "-%s", r->auth ? "" : " auth 0");
    else
        snprintf(out, size, "%s %u %s%s", type, r->ttl_s, content, r->auth ? "" : " auth 0");
}

/* Rows as sorted text, ", " between them: "A 300 192.0.2.1, TXT 300 "a" auth 0". */
static inline const char *edited_answer(struct snapshot *s, const char *name, const char *type,
                                        int64_t zone_id)
{
    static char out[8192];
    static char lines[64][NAME_TEXT_SIZE + 64];
    char *order[64];
    struct question q = {.name = edited_name(name), .zone_id = zone_id};
    struct answer a;
    size_t at = 0;
    q.type = edited_type(type);
    answer_init(&a);
    assert_int_equal(resolve(s, &q, &a), 0);
    assert_true(a.count <= 64);
    for (uint32_t i = 0; i < a.count; i++) {
        edited_row(lines[i], sizeof lines[i], &a.rows[i]);
        order[i] = lines[i];
    }
    if (a.count)
        qsort(order, a.count, sizeof *order, edited_by_text);
    out[0] = '\0';
    for (uint32_t i = 0; i < a.count; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", i ? ", " : "", order[i]);
    answer_done(&a);
    return out;
}

static inline struct store_meta edited_meta(struct edited *t)
{
    struct store_reader *r;
    struct store_meta meta;
    assert_int_equal(store_reader_new(engine_store(t->engine), &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    store_read_end(r);
    store_reader_free(r);
    return meta;
}

/* A snapshot of the newest data: for a moment the old pair may answer while a table is built. */
static inline void edited_look(struct edited *t, struct snapshot *s)
{
    struct store_meta meta = edited_meta(t);
    assert_int_equal(snapshot_init(s, t->engine), 0);
    for (unsigned tries = 0;; tries++) {
        assert_int_equal(snapshot_begin(s), 0);
        if (s->meta.data == meta.data)
            return;
        snapshot_end(s);
        assert_true(tries < 10000);
        usleep(1000);
    }
}

static inline void edited_looked(struct snapshot *s)
{
    snapshot_end(s);
    snapshot_done(s);
}

static inline const char *edited_ask(struct edited *t, const char *name, const char *type,
                                     int64_t zone_id)
{
    struct snapshot s;
    edited_look(t, &s);
    const char *out = edited_answer(&s, name, type, zone_id);
    edited_looked(&s);
    return out;
}

static inline int64_t edited_id(struct edited *t, const char *apex)
{
    struct name name = edited_name(apex);
    struct snapshot s;
    edited_look(t, &s);
    const struct zone *z = table_zone_for(s.table, &name);
    assert_true(z && name_equal(&z->apex, &name));
    int64_t id = z->id;
    edited_looked(&s);
    return id;
}

static inline struct store_zone_id edited_zone_id(struct edited *t, const char *apex)
{
    struct name name = edited_name(apex);
    struct name_key key;
    struct store_zone_id id;
    struct store_reader *r;
    struct store_meta meta;
    struct span value;
    name_key(&name, &key);
    assert_int_equal(store_reader_new(engine_store(t->engine), &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_get(r, STORE_ZONE_IDS, (struct span){key.bytes, key.len}, &value),
                     PTRD_FOUND);
    assert_int_equal(store_read_zone_id(value, &id), 0);
    store_read_end(r);
    store_reader_free(r);
    return id;
}

static inline uint32_t edited_serial(struct edited *t, const char *apex)
{
    return edited_zone_id(t, apex).serial;
}

/* All rows of the tables whose bits are set, each "TABLE KEY VALUE" in hexadecimal; freed by the
 * caller. */
static inline char *edited_dump(struct edited *t, uint32_t tables, struct store_meta *meta)
{
    char *out = NULL;
    size_t size = 0;
    struct store_reader *r;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    assert_int_equal(store_reader_new(engine_store(t->engine), &r), 0);
    assert_int_equal(store_read_begin(r, meta), 0);
    for (int i = 0; i < STORE_TABLES; i++) {
        struct span key = {(const uint8_t *)"", 0}, value;
        if (!(tables >> i & 1))
            continue;
        int found = store_seek(r, (enum store_table)i, key, &key, &value);
        for (; found == PTRD_FOUND; found = store_next(r, (enum store_table)i, &key, &value)) {
            fprintf(f, "%d ", i);
            for (size_t k = 0; k < key.len; k++)
                fprintf(f, "%02x", key.bytes[k]);
            fputc(' ', f);
            for (size_t k = 0; k < value.len; k++)
                fprintf(f, "%02x", value.bytes[k]);
            fputc('\n', f);
        }
        assert_int_equal(found, PTRD_ABSENT);
    }
    store_read_end(r);
    store_reader_free(r);
    assert_int_equal(fclose(f), 0);
    return out;
}

/* --- editing ---------------------------------------------------------------------------------- */

static inline struct edit *edited_begin(struct edited *t)
{
    struct edit *e = NULL;
    t->diag.message[0] = '\0';
    if (edit_begin(t->engine, 1000, &e, &t->diag) < 0)
        fail_msg("%s", t->diag.message);
    return e;
}

#define EDITED_RECORDS_MAX 32

/* The RRset becomes the contents, one a line; "" deletes it. */
static inline int edited_replace(struct edited *t, struct edit *e, int64_t zone_id,
                                 const char *owner, const char *type, uint32_t ttl_s,
                                 const char *contents)
{
    struct edit_record records[EDITED_RECORDS_MAX];
    struct name name = edited_name(owner);
    size_t count = 0;
    for (const char *at = contents; *at; count++) {
        size_t len = strcspn(at, "\n");
        assert_true(count < EDITED_RECORDS_MAX);
        records[count] = (struct edit_record){.owner = name,
                                              .type = edited_type(type),
                                              .ttl_s = ttl_s,
                                              .content = at,
                                              .content_len = len};
        at += len + (at[len] == '\n');
    }
    return edit_replace(e, zone_id, &name, edited_type(type), records, count, &t->diag);
}

static inline int edited_add(struct edited *t, struct edit *e, int64_t zone_id, const char *owner,
                             const char *type, uint32_t ttl_s, const char *content)
{
    struct edit_record r = {.owner = edited_name(owner),
                            .type = edited_type(type),
                            .ttl_s = ttl_s,
                            .content = content,
                            .content_len = strlen(content)};
    return edit_add(e, zone_id, &r, &t->diag);
}

/* An edit of one RRset. */
static inline int edited_set(struct edited *t, int64_t zone_id, const char *owner, const char *type,
                             uint32_t ttl_s, const char *contents, int64_t now_s)
{
    struct edit *e = edited_begin(t);
    int err = edited_replace(t, e, zone_id, owner, type, ttl_s, contents);
    if (err == 0)
        return edit_commit(e, now_s, &t->diag);
    edit_abort(e);
    return err;
}

/* An ECDSA key, a KSK, in an edit of its own. Its id. */
static inline uint32_t edited_add_key(struct edited *t, const char *apex, bool active)
{
    static const char content[] = "Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\n"
                                  "PrivateKey: /BQx+B03hfJlpMkZNOIlzALl3piHIMLnGl/S352Jv9M=\n";
    const struct edit_key key = {.flags = 257,
                                 .active = active,
                                 .published = true,
                                 .content = content,
                                 .content_len = sizeof content - 1};
    struct name name = edited_name(apex);
    uint32_t id;
    struct edit *e = edited_begin(t);
    assert_int_equal(edit_key_add(e, &name, &key, &id, &t->diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
    return id;
}

#endif
