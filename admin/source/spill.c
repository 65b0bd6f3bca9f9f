/* PTRs of a model beyond what it may keep in memory. They go through a sorter, whose rows come back
 * by address; each address is settled as in memory (sort_ptr.c) and appended to two unlinked files,
 * which then are the model's `ptrs` and `targets`, mapped: pages of a file, which the system may
 * drop, and not memory of the process. So whatever reads a sorted model reads these as well. */
#include "model_p.h"
#include "spool.h"

#include "ptrd/source/sorter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEY_MAX 17
#define HEAD 12 /* octets of a row's value before the wire name */

struct model_spill {
    char *dir;
    size_t memory;
    struct sorter *sorter; /* NULL: everything is in memory so far */
    bool mapped;           /* ptrs and targets of the model are maps */
    size_t ptrs_size, targets_size;
};

int model_spill_into(struct model *m, const char *dir, size_t memory)
{
    struct model_spill *s = calloc(1, sizeof *s);
    char *copy = strdup(dir);
    if (!s || !copy) {
        free(s);
        free(copy);
        return PTRD_ENOMEM;
    }
    s->dir = copy;
    s->memory = memory;
    m->spill = s;
    return 0;
}

const char *model_spill_dir(const struct model *m)
{
    return m->spill ? m->spill->dir : NULL;
}

size_t model_spill_memory(const struct model *m)
{
    return m->spill ? m->spill->memory : SIZE_MAX;
}

static void unmap(struct model *m)
{
    struct model_spill *s = m->spill;
    (void)munmap(m->ptrs, s->ptrs_size);
    (void)munmap(m->targets, s->targets_size);
    m->ptrs = NULL;
    m->targets = NULL;
}

void model_spill_free(struct model *m)
{
    if (!m->spill)
        return;
    if (m->spill->mapped)
        unmap(m);
    sorter_free(m->spill->sorter);
    free(m->spill->dir);
    free(m->spill);
    m->spill = NULL;
}

/* --- into the sorter -------------------------------------------------------------------------- */

static size_t write_key(const struct model_ptr *p, uint8_t key[KEY_MAX])
{
    size_t len = p->family == FAMILY_IPV4 ? 5 : KEY_MAX;
    u128 num = p->num;
    key[0] = (uint8_t)p->family;
    for (size_t i = len - 1; i > 0; i--, num >>= 8)
        key[i] = (uint8_t)num;
    return len;
}

static int put(struct model_spill *s, const struct model_ptr *p, struct span wire)
{
    uint8_t key[KEY_MAX], value[HEAD + NAME_WIRE_MAX];
    uint32_t bits = (uint32_t)p->file << 10 | (uint32_t)p->column << 2 | p->forward;
    memcpy(value, &p->ttl_s, 4);
    memcpy(value + 4, &p->line, 4);
    memcpy(value + 8, &bits, 4);
    memcpy(value + HEAD, wire.bytes, wire.len);
    return sorter_put(s->sorter, (struct span){key, write_key(p, key)},
                      (struct span){value, HEAD + wire.len});
}

static int begin(struct model *m)
{
    int err = sorter_new(m->spill->dir, m->spill->memory, &m->spill->sorter);
    for (uint32_t i = 0; !err && i < m->ptr_count; i++)
        err = put(m->spill, &m->ptrs[i], model_target(m, &m->ptrs[i]));
    free(m->ptrs);
    free(m->targets);
    m->ptrs = NULL;
    m->targets = NULL;
    m->ptr_count = m->ptr_capacity = 0;
    m->target_size = m->target_capacity = 0;
    return err;
}

bool model_spilled(const struct model *m)
{
    return m->spill && m->spill->sorter;
}

bool model_spills(const struct model *m)
{
    const struct model_spill *s = m->spill;
    return s && (s->sorter || m->ptr_count * sizeof *m->ptrs + m->target_size >= s->memory / 4);
}

int model_spill_ptr(struct model *m, const struct model_ptr *p, const struct name *target)
{
    int err = m->spill->sorter ? 0 : begin(m);
    return err ? err : put(m->spill, p, (struct span){target->wire, target->len});
}

/* --- and back --------------------------------------------------------------------------------- */

static int read_row(struct span key, struct span value, struct model_ptr *p, struct span *wire)
{
    uint32_t bits;
    if (key.len < 1 || key.len > KEY_MAX || value.len <= HEAD || value.len > HEAD + NAME_WIRE_MAX)
        return PTRD_ECORRUPT;
    *p = (struct model_ptr){.family = key.bytes[0]};
    for (size_t i = 1; i < key.len; i++)
        p->num = p->num << 8 | key.bytes[i];
    memcpy(&p->ttl_s, value.bytes, 4);
    memcpy(&p->line, value.bytes + 4, 4);
    memcpy(&bits, value.bytes + 8, 4);
    p->file = bits >> 10;
    p->column = bits >> 2;
    p->forward = bits;
    *wire = (struct span){value.bytes + HEAD, value.len - HEAD};
    return 0;
}

/* What becomes the model's arrays. */
struct settled {
    struct spool_writer ptrs, targets;
    uint64_t count;
};

static int append(struct settled *out, const struct model_ptr *p, struct span wire)
{
    int err = 0;
    uint64_t offset = out->targets.at + out->targets.len;
    if (offset > UINT32_MAX || out->count == UINT32_MAX)
        return PTRD_ELIMIT;
    uint8_t *room = spool_room(&out->targets, 1 + wire.len, &err);
    if (!room)
        return err;
    room[0] = (uint8_t)wire.len;
    memcpy(room + 1, wire.bytes, wire.len);
    room = spool_room(&out->ptrs, sizeof *p, &err);
    if (!room)
        return err;
    struct model_ptr row = *p;
    row.target = (uint32_t)offset;
    memcpy(room, &row, sizeof row);
    out->count++;
    return 0;
}

/* The address that the model holds now, alone: settled and handed on. */
static int flush(struct model *m, struct settled *out, struct diag *diag)
{
    int err = model_settle_ptrs(m, diag);
    for (uint32_t i = 0; !err && i < m->ptr_count; i++)
        err = append(out, &m->ptrs[i], model_target(m, &m->ptrs[i]));
    m->ptr_count = 0;
    m->target_size = 0;
    return err;
}

static int merge(struct model *m, struct settled *out, struct diag *diag)
{
    struct span key, value, wire;
    struct model_ptr p;
    struct name target;
    int found;
    while ((found = sorter_next(m->spill->sorter, &key, &value)) == PTRD_FOUND) {
        int err = read_row(key, value, &p, &wire);
        if (!err && m->ptr_count && (p.num != m->ptrs[0].num || p.family != m->ptrs[0].family))
            err = flush(m, out, diag);
        target.len = (uint8_t)wire.len;
        if (!err) {
            memcpy(target.wire, wire.bytes, wire.len);
            err = model_keep_ptr(m, &p, &target);
        }
        if (err)
            return err;
    }
    return found < 0 ? found : flush(m, out, diag);
}

static void *map(const struct spool_writer *w, size_t *size)
{
    *size = (size_t)w->at;
    return mmap(NULL, *size, PROT_READ, MAP_SHARED, w->fd, 0);
}

/* The files in place of the arrays. */
static int adopt(struct model *m, const struct settled *out)
{
    struct model_spill *s = m->spill;
    void *ptrs = map(&out->ptrs, &s->ptrs_size);
    void *targets = map(&out->targets, &s->targets_size);
    if (ptrs == MAP_FAILED || targets == MAP_FAILED) {
        int err = -errno;
        if (ptrs != MAP_FAILED)
            (void)munmap(ptrs, s->ptrs_size);
        return err;
    }
    free(m->ptrs);
    free(m->targets);
    m->ptrs = ptrs;
    m->targets = targets;
    m->ptr_count = m->ptr_capacity = (uint32_t)out->count;
    m->target_size = m->target_capacity = s->targets_size;
    s->mapped = true;
    return 0;
}

static int open_files(struct model *m, struct settled *out)
{
    struct spool_writer *const files[2] = {&out->ptrs, &out->targets};
    int err = 0;
    for (unsigned i = 0; !err && i < 2; i++) {
        int fd = spool_file(m->spill->dir);
        err = fd < 0 ? fd : spool_writer_init(files[i], fd, 0);
    }
    return err;
}

int model_spill_sort(struct model *m, struct diag *diag)
{
    struct settled out = {.ptrs = {.fd = -1}, .targets = {.fd = -1}};
    diag->message[0] = '\0';
    int err = sorter_finish(m->spill->sorter);
    if (!err)
        err = open_files(m, &out);
    if (!err)
        err = merge(m, &out, diag);
    if (!err)
        err = spool_flush(&out.ptrs);
    if (!err)
        err = spool_flush(&out.targets);
    sorter_free(m->spill->sorter);
    m->spill->sorter = NULL;
    if (!err)
        err = adopt(m, &out);
    spool_writer_done(&out.ptrs);
    spool_writer_done(&out.targets);
    if (out.ptrs.fd >= 0)
        close(out.ptrs.fd);
    if (out.targets.fd >= 0)
        close(out.targets.fd);
    return err && !diag->message[0] ? model_ptr_lost(m, err, diag) : err;
}

int model_ptr_lost(const struct model *m, int err, struct diag *diag)
{
    if (err == PTRD_ENOMEM)
        return diag_set(diag, err, "no memory for what the file holds");
    if (err == PTRD_ELIMIT)
        return diag_set(diag, err, "more than 4 GiB of names");
    diag->file = NULL;
    diag->line = diag->column = 0;
    return diag_set(diag, err, "cannot sort the PTRs in a temporary file in %s: %s",
                    m->spill ? m->spill->dir : "?", ptrd_strerror(err));
}
