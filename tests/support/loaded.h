/* A zones file given as text, read, checked and loaded into a store of its own, for tests in C of
 * what lies above the source. Every function ends the test on failure. */
#ifndef TESTS_SUPPORT_LOADED_H
#define TESTS_SUPPORT_LOADED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ptrd/check/model.h"
#include "ptrd/resolve/resolve.h"
#include "ptrd/source/file.h"
#include "ptrd/sync/load.h"

#define LOADED_HEAD                                                                                \
    "defaults:\n  ttl: 3600\n  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, "      \
    "refresh: 10800, retry: 3600, expire: 604800, minimum: 300}\n  ns: [ns1.out.example]\n"

struct loaded {
    char dir[64];
    char zones[96];
};

static inline void loaded_make(struct loaded *l)
{
    snprintf(l->dir, sizeof l->dir, "/tmp/ptrd-loaded-XXXXXX");
    assert_non_null(mkdtemp(l->dir));
    snprintf(l->zones, sizeof l->zones, "%s/zones.yaml", l->dir);
}

static inline void loaded_remove(struct loaded *l)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock", "zones.yaml"};
    char path[128];
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", l->dir, files[i]);
        unlink(path);
    }
    rmdir(l->dir);
}

/* The model of LOADED_HEAD + text. */
static inline struct model *loaded_read(struct loaded *l, const char *text)
{
    struct model *m = NULL;
    struct diag diag = {.file = NULL};
    FILE *f = fopen(l->zones, "w");
    assert_non_null(f);
    assert_true(fputs(LOADED_HEAD, f) >= 0 && fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    if (source_file_read(l->zones, &m, NULL, NULL, &diag) < 0)
        fail_msg("%u:%u: %s", diag.line, diag.column, diag.message);
    return m;
}

/* Reads, checks and loads; now_s is the time that it happens. */
static inline void loaded_load(struct loaded *l, const char *text, int64_t now_s)
{
    struct model *m = loaded_read(l, text);
    struct table *t = NULL;
    struct store *s = NULL;
    struct load_report report;
    struct diag diag = {.file = NULL};
    if (check_model(m, &t, &diag) < 0 || store_open(l->dir, STORE_OPEN_CREATE, &s, &diag) < 0 ||
        load_model(s, m, t, now_s, 0, NULL, NULL, &report, &diag) < 0)
        fail_msg("%u:%u: %s", diag.line, diag.column, diag.message);
    store_close(s);
    table_free(t);
    model_free(m);
}

/* A name from its text. */
static inline struct name loaded_name(const char *text)
{
    struct name name;
    if (name_parse(text, strlen(text), &name, NULL) != 0)
        fail_msg("no name: %s", text);
    return name;
}

/* What an answer is, as "TYPE ttl content" joined by ", "; rows that are not authoritative end with
 * " auth 0", local ones with " local"; ENT is "-". */
static inline const char *loaded_ask(struct snapshot *s, const char *name, const char *type,
                                     int64_t zone_id)
{
    static char out[4096];
    struct question q = {.zone_id = zone_id, .name = loaded_name(name)};
    struct answer a;
    size_t at = 0;
    answer_init(&a);
    assert_int_equal(rrtype_parse(type, strlen(type), &q.type), 0);
    assert_int_equal(resolve(s, &q, &a), 0);
    out[0] = '\0';
    for (uint32_t i = 0; i < a.count; i++) {
        const struct row *r = &a.rows[i];
        char text[NAME_TEXT_SIZE], content[NAME_TEXT_SIZE] = "";
        struct name target;
        rrtype_print(r->type, text);
        if (r->kind == ROW_ADDR)
            addr_print(&r->addr, content);
        else if (r->kind == ROW_TEXT)
            snprintf(content, sizeof content, "%.*s", (int)r->bytes.len,
                     (const char *)r->bytes.bytes);
        else if (r->kind == ROW_NAME && name_from_wire(r->bytes.bytes, r->bytes.len, &target) == 0)
            name_print(&target, content);
        const char *comma = i ? ", " : "", *auth = r->auth ? "" : " auth 0",
                   *local = r->local ? " local" : "";
        if (r->kind == ROW_ENT)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s-%s", comma, auth);
        else
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%s %u %s%s%s", comma, text,
                                   r->ttl_s, content, auth, local);
    }
    answer_done(&a);
    return out;
}

static inline uint32_t loaded_id(struct snapshot *s, const char *name)
{
    struct name n = loaded_name(name);
    const struct zone *z = table_zone_for(s->table, &n);
    return z ? z->id : 0;
}

/* The list of a zone: lines "NAME TYPE", " auth 0" behind them, "-" for an ENT. */
struct loaded_list {
    char text[16384];
    size_t at;
    unsigned rows, stop_at;
};

static inline int loaded_list_row(void *ctx, const struct name *owner, const struct row *row)
{
    struct loaded_list *l = ctx;
    char name[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE];
    name_print(owner, name);
    rrtype_print(row->type, type);
    l->at += (size_t)snprintf(l->text + l->at, sizeof l->text - l->at, "%s %s%s\n", name,
                              row->kind == ROW_ENT ? "-" : type, row->auth ? "" : " auth 0");
    assert_true(l->at < sizeof l->text);
    return ++l->rows == l->stop_at ? PTRD_ELIMIT : 0;
}

/* The same from a process of its own: while this one has the store open, as LMDB demands. */
static inline bool loaded_load_in_child(struct loaded *l, const char *text, int64_t now_s)
{
    struct model *m = loaded_read(l, text);
    struct table *t = NULL;
    struct store *s = NULL;
    struct load_report report;
    struct diag diag = {.file = NULL};
    bool good = check_model(m, &t, &diag) == 0 &&
                store_open(l->dir, STORE_OPEN_CREATE, &s, &diag) == 0 &&
                load_model(s, m, t, now_s, 0, NULL, NULL, &report, &diag) == 0;
    store_close(s);
    table_free(t);
    model_free(m);
    return good;
}

static inline void loaded_load_elsewhere(struct loaded *l, const char *text, int64_t now_s)
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(loaded_load_in_child(l, text, now_s) ? 0 : 1);
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
}

#endif
