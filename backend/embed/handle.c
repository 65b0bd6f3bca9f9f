#include "handle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEMS_FIRST 16
#define ITEMS_KEPT 4096 /* a list may need more, seldom */

int ptrd_abi(void)
{
    return PTRD_ABI;
}

/* --- open and close --------------------------------------------------------------------------- */

static struct shared *take_shared(const char *dir)
{
    char *absolute = NULL;
    char *here = dir[0] == '/' ? NULL : getcwd(NULL, 0);
    size_t size = strlen(dir) + (here ? strlen(here) : 0) + 2;
    struct shared *s = NULL;
    if ((here || dir[0] == '/') && (absolute = malloc(size))) {
        snprintf(absolute, size, "%s%s%s", here ? here : "", here ? "/" : "", dir);
        s = shared_take(absolute);
    }
    free(absolute);
    free(here);
    return s;
}

struct ptrd *ptrd_open(const char *dir, const char *leaf)
{
    enum leaf_mode mode;
    if (!dir || !leaf || dir[0] == '\0' || leaf_mode_parse(leaf, &mode) < 0)
        return NULL;
    struct ptrd *h = calloc(1, sizeof *h);
    if (!h || !(h->shared = take_shared(dir))) {
        free(h);
        return NULL;
    }
    answer_init(&h->answer);
    h->leaf = mode;
    h->text.bare = true;
    h->rows.size = sizeof(struct ptrd_row);
    h->values.size = sizeof(struct ptrd_value);
    h->keys.size = sizeof(struct ptrd_key);
    handle_count_from(h);
    return h;
}

void ptrd_close(struct ptrd *h)
{
    if (!h)
        return;
    handle_count_until(h);
    if (h->ready)
        snapshot_done(&h->snapshot);
    shared_let_go(h->shared);
    answer_done(&h->answer);
    reply_done(&h->text);
    free(h->rows.items);
    free(h->values.items);
    free(h->keys.items);
    free(h);
}

const char *ptrd_error(const struct ptrd *h)
{
    return h ? h->error.message : "no handle: out of memory, or an argument of ptrd_open is wrong";
}

/* --- one call --------------------------------------------------------------------------------- */

int handle_refuse(struct ptrd *h, const char *what, int err)
{
    diag_set(&h->error, err, "%s: %s", what, ptrd_strerror(err));
    return PTRD_FAILED;
}

static void empty(struct table_of *t)
{
    t->count = 0;
    if (t->capacity <= ITEMS_KEPT)
        return;
    free(t->items);
    t->items = NULL;
    t->capacity = 0;
}

static int make_ready(struct ptrd *h)
{
    struct engine *engine;
    if (h->ready)
        return 0;
    int err = shared_engine(h->shared, &engine, &h->error);
    if (err < 0)
        return err;
    err = snapshot_init(&h->snapshot, engine);
    h->ready = err == 0;
    if (h->ready)
        store_reader_lag(h->snapshot.own, STORE_LAG_US);
    return err < 0 ? handle_refuse(h, "the store", err) : 0;
}

int handle_begin_bare(struct ptrd *h)
{
    if (make_ready(h) < 0)
        return PTRD_FAILED;
    int err = snapshot_begin(&h->snapshot);
    return err < 0 ? handle_refuse(h, "the store", err) : 0;
}

int handle_begin(struct ptrd *h)
{
    reply_reset(&h->text);
    empty(&h->rows);
    empty(&h->values);
    empty(&h->keys);
    h->error.message[0] = '\0';
    return handle_begin_bare(h);
}

int ptrd_generation(struct ptrd *h)
{
    if (!h || handle_begin_bare(h) < 0)
        return 0;
    uint64_t environment = store_reader_environment(h->snapshot.reader);
    uint64_t data = h->snapshot.meta.data;
    snapshot_end(&h->snapshot);
    if (h->generation == 0 || environment != h->environment || data != h->data)
        h->generation = h->generation == INT_MAX ? 1 : h->generation + 1;
    h->environment = environment;
    h->data = data;
    return h->generation;
}

int handle_end(struct ptrd *h, const char *what, int err)
{
    snapshot_end(&h->snapshot);
    if (err >= 0)
        err = h->text.error;
    return err < 0 ? handle_refuse(h, what, err) : 0;
}

void *handle_item(struct ptrd *h, struct table_of *t)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : ITEMS_FIRST;
        void *items = realloc(t->items, capacity * t->size);
        if (!items) {
            h->text.error = PTRD_ENOMEM;
            return NULL;
        }
        t->items = items;
        t->capacity = capacity;
    }
    void *item = (char *)t->items + t->count++ * t->size;
    memset(item, 0, t->size);
    return item;
}

uint32_t handle_text_end(struct ptrd *h, size_t start)
{
    size_t len = h->text.len - start;
    reply_put(&h->text, "", 1);
    return (uint32_t)len;
}

int handle_name(struct ptrd *h, const char *what, const char *text, struct name *out)
{
    int err = text ? name_parse(text, strlen(text), out, NULL) : PTRD_EINVAL;
    return err < 0 ? handle_refuse(h, what, err) : 0;
}
