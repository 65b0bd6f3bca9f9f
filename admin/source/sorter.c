/* Runs and their merge; the pieces that become runs are in sorter_piece.c. */
#include "sorter_p.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECES 2 /* one fills while the other is sorted and written */

struct run {
    uint64_t begin, end; /* in the file */
    struct spool_reader from;
    const uint8_t *row; /* NULL: none is left */
    uint64_t prefix;
};

struct sorter {
    const char *dir;
    size_t memory;
    uint64_t count;
    struct piece pieces[PIECES];
    unsigned filling;
    size_t shared; /* by all keys of all runs */
    uint8_t *first_key;
    size_t next; /* entry of the piece, where there are no runs */
    int fd;
    uint64_t file_end;
    struct run *runs;
    unsigned run_count;
    unsigned *losers; /* tournament: losers[0] is the winner, losers[i] the loser at node i */
    pthread_t thread;
    bool working;
    int failed; /* of the thread */
};

int sorter_new(const char *dir, size_t memory, struct sorter **out)
{
    struct sorter *s = calloc(1, sizeof *s);
    if (!s)
        return PTRD_ENOMEM;
    s->dir = dir;
    s->memory = memory;
    s->fd = -1;
    *out = s;
    return 0;
}

static int work_await(struct sorter *s)
{
    if (s->working)
        pthread_join(s->thread, NULL);
    s->working = false;
    return s->failed;
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    (void)work_await(s);
    for (unsigned i = 0; i < PIECES; i++)
        piece_done(&s->pieces[i]);
    for (unsigned i = 0; i < s->run_count; i++)
        spool_reader_done(&s->runs[i].from);
    if (s->fd >= 0)
        close(s->fd);
    free(s->runs);
    free(s->losers);
    free(s->first_key);
    free(s);
}

/* --- runs ------------------------------------------------------------------------------------- */

/* What this piece's keys share with those of the runs before it. */
static int shared_note(struct sorter *s, const struct piece *p)
{
    const uint8_t *key = p->heap + ROW_HEAD;
    size_t shared = 0;
    if (!s->first_key) {
        s->first_key = malloc(p->shared + 1);
        if (!s->first_key)
            return PTRD_ENOMEM;
        memcpy(s->first_key, key, p->shared);
        s->shared = p->shared;
    }
    while (shared < s->shared && shared < p->shared && s->first_key[shared] == key[shared])
        shared++;
    s->shared = shared;
    return 0;
}

static int run_append(struct sorter *s, uint64_t begin, uint64_t end)
{
    struct run *grown = realloc(s->runs, (s->run_count + 1) * sizeof *grown);
    if (!grown)
        return PTRD_ENOMEM;
    s->runs = grown;
    s->runs[s->run_count++] = (struct run){.begin = begin, .end = end};
    return 0;
}

static int run_write(struct sorter *s, struct piece *p)
{
    struct spool_writer to = {.buf = NULL};
    uint64_t begin = s->file_end;
    int err = piece_sort(p);
    if (!err)
        err = shared_note(s, p);
    if (!err && s->fd < 0) {
        s->fd = spool_file(s->dir);
        err = s->fd < 0 ? s->fd : 0;
    }
    if (!err)
        err = spool_writer_init(&to, s->fd, begin);
    if (!err)
        err = piece_write(p, &to);
    if (!err)
        err = spool_flush(&to);
    spool_writer_done(&to);
    if (!err)
        err = run_append(s, begin, to.at);
    s->file_end = to.at;
    piece_clear(p);
    return err;
}

/* The thread's: the piece that does not fill. */
static void *work(void *ctx)
{
    struct sorter *s = ctx;
    s->failed = run_write(s, &s->pieces[!s->filling]);
    return NULL;
}

static int piece_hand_over(struct sorter *s)
{
    int err = work_await(s);
    if (err)
        return err;
    s->filling = !s->filling;
    s->working = pthread_create(&s->thread, NULL, work, s) == 0;
    if (!s->working)
        work(s);
    return 0;
}

int sorter_put(struct sorter *s, struct span key, struct span value)
{
    struct piece *p = &s->pieces[s->filling];
    s->count++;
    int err = piece_put(p, key, value);
    if (err || !s->dir || PIECES * piece_size(p) < s->memory)
        return err;
    return piece_hand_over(s);
}

/* --- merge ------------------------------------------------------------------------------------ */

/* Takes the next row of a run. */
static int run_next(struct sorter *s, struct run *r)
{
    if (r->row)
        r->from.from += row_len(r->row);
    r->row = NULL;
    if (spool_at_end(&r->from))
        return 0;
    int err = spool_need(&r->from, ROW_HEAD);
    if (!err)
        err = spool_need(&r->from, row_len(r->from.buf + r->from.from));
    if (err)
        return err;
    r->row = r->from.buf + r->from.from;
    r->prefix = row_prefix(r->row, s->shared);
    return 0;
}

/* Does run a come before run b? s->run_count stands for a run that comes before all: the tree is
 * built with it. */
static bool run_before(const struct sorter *s, unsigned a, unsigned b)
{
    if (a == s->run_count || b == s->run_count)
        return a == s->run_count;
    const struct run *x = &s->runs[a], *y = &s->runs[b];
    if (!x->row || !y->row)
        return x->row != NULL;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix;
    int order = row_compare(x->row, y->row);
    return order ? order < 0 : a < b;
}

/* Plays run i up the tree. */
static void replay(struct sorter *s, unsigned i)
{
    unsigned winner = i;
    for (unsigned node = (i + s->run_count) / 2; node > 0; node /= 2) {
        if (run_before(s, s->losers[node], winner)) {
            unsigned beaten = winner;
            winner = s->losers[node];
            s->losers[node] = beaten;
        }
    }
    s->losers[0] = winner;
}

static int merge_begin(struct sorter *s)
{
    size_t capacity = s->memory / s->run_count;
    capacity = capacity > SPOOL_BUFFER ? SPOOL_BUFFER : capacity < ROW_MAX ? ROW_MAX : capacity;
    s->losers = calloc(s->run_count, sizeof *s->losers);
    if (!s->losers)
        return PTRD_ENOMEM;
    for (unsigned i = 0; i < s->run_count; i++) {
        struct run *r = &s->runs[i];
        s->losers[i] = s->run_count;
        int err = spool_reader_init(&r->from, s->fd, r->begin, r->end, capacity);
        if (!err)
            err = run_next(s, r);
        if (err)
            return err;
    }
    for (unsigned i = s->run_count; i-- > 0;)
        replay(s, i);
    return 0;
}

int sorter_finish(struct sorter *s)
{
    int err = work_await(s);
    if (err || !s->run_count)
        return err ? err : piece_sort(&s->pieces[s->filling]);
    if (s->pieces[s->filling].count)
        err = run_write(s, &s->pieces[s->filling]);
    for (unsigned i = 0; i < PIECES; i++)
        piece_done(&s->pieces[i]);
    return err ? err : merge_begin(s);
}

/* The row that comes next, or NULL. */
static const uint8_t *row_next(struct sorter *s, int *err)
{
    const struct piece *p = &s->pieces[s->filling];
    if (!s->run_count)
        return s->next < p->count ? p->heap + p->entries[s->next++].at : NULL;
    if (s->next++) { /* the first is there already */
        *err = run_next(s, &s->runs[s->losers[0]]);
        if (*err)
            return NULL;
        replay(s, s->losers[0]);
    }
    return s->runs[s->losers[0]].row;
}

int sorter_next(struct sorter *s, struct span *key, struct span *value)
{
    int err = 0;
    const uint8_t *row = row_next(s, &err);
    if (!row)
        return err ? err : PTRD_ABSENT;
    *key = (struct span){row + ROW_HEAD, row_key_len(row)};
    *value = (struct span){row + ROW_HEAD + key->len, row_value_len(row)};
    return PTRD_FOUND;
}

uint64_t sorter_count(const struct sorter *s)
{
    return s->count;
}

unsigned sorter_runs(const struct sorter *s)
{
    return s->run_count;
}
