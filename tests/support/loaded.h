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
