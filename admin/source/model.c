#include "model_p.h"

#include "ptrd/core/rrtype.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_FIRST 64
#define TARGETS_FIRST ((size_t)64 << 10) /* bytes */

int model_new(struct model **out)
{
    struct model *m = calloc(1, sizeof *m);
    if (!m)
        return PTRD_ENOMEM;
    m->source = SOURCE_FILE;
    *out = m;
    return 0;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    arena_free(&m->arena);
    free(m->zones);
    free(m->blocks);
    free(m->records);
    free(m->above);
    free(m->delegations);
    model_spill_free(m);
    free(m->ptrs);
    free(m->targets);
    free(m->files);
    free(m);
}

void *model_alloc(struct model *m, size_t size)
{
    return arena_alloc(&m->arena, size);
}

const char *model_strndup(struct model *m, const char *text, size_t len)
{
    return arena_strndup(&m->arena, text, len);
}

const char *model_name_content(struct model *m, const struct name *name, size_t *len)
{
    char text[NAME_TEXT_SIZE + 1];
    size_t printed = name_print(name, text);
    if (name->len > 1)
        text[printed++] = '.';
    *len = printed;
    return model_strndup(m, text, printed);
}

/* A zeroed element behind the last one of a growing array, or NULL. */
static void *append(void **items, uint32_t *count, uint32_t *capacity, size_t size)
{
    if (*count == *capacity) {
        uint32_t larger = *capacity ? *capacity : COUNT_FIRST / 2;
        size_t bytes;
        if (__builtin_mul_overflow(larger, 2u, &larger) ||
            __builtin_mul_overflow((size_t)larger, size, &bytes))
            return NULL;
        void *grown = realloc(*items, bytes);
        if (!grown)
            return NULL;
        *items = grown;
        *capacity = larger;
    }
    void *item = (char *)*items + (size_t)(*count)++ * size;
    return memset(item, 0, size);
}

bool model_ns_beside(const struct model_zone *z, const struct model_record *ns)
{
    return ns->ttl_s != z->settings.ttl_s || strcmp(ns->content, ".") == 0 ||
           strpbrk(ns->content, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

struct model_zone *model_add_zone(struct model *m)
{
    void *items = m->zones;
    void *added = append(&items, &m->zone_count, &m->zone_capacity, sizeof *m->zones);
    m->zones = items;
    return added;
}

struct model_block *model_add_block(struct model *m)
{
    void *items = m->blocks;
    void *added = append(&items, &m->block_count, &m->block_capacity, sizeof *m->blocks);
    m->blocks = items;
    return added;
}

struct model_record *model_add_record(struct model *m)
{
    void *items = m->records;
    void *added = append(&items, &m->record_count, &m->record_capacity, sizeof *m->records);
    m->records = items;
    return added;
}

struct model_record *model_add_above(struct model *m)
{
    void *items = m->above;
    void *added = append(&items, &m->above_count, &m->above_capacity, sizeof *m->above);
    m->above = items;
    return added;
}

struct model_delegation *model_add_delegation(struct model *m)
{
    void *items = m->delegations;
    void *added =
        append(&items, &m->delegation_count, &m->delegation_capacity, sizeof *m->delegations);
    m->delegations = items;
    return added;
}

/* Room for one more target; offsets are 32 bits wide. */
static int reserve_target(struct model *m)
{
    size_t need = m->target_size + 1 + NAME_WIRE_MAX;
    if (need > UINT32_MAX)
        return PTRD_ELIMIT;
    if (need <= m->target_capacity)
        return 0;
    size_t capacity = m->target_capacity ? m->target_capacity * 2 : TARGETS_FIRST;
    uint8_t *grown = realloc(m->targets, capacity);
    if (!grown)
        return PTRD_ENOMEM;
    m->targets = grown;
    m->target_capacity = capacity;
    return 0;
}

int model_keep_ptr(struct model *m, const struct model_ptr *p, const struct name *target)
{
    int r = reserve_target(m);
    if (r < 0)
        return r;
    void *items = m->ptrs;
    struct model_ptr *kept = append(&items, &m->ptr_count, &m->ptr_capacity, sizeof *m->ptrs);
    m->ptrs = items;
    if (!kept)
        return PTRD_ENOMEM;
    *kept = *p;
    kept->target = (uint32_t)m->target_size;
    m->targets[m->target_size] = target->len;
    memcpy(m->targets + m->target_size + 1, target->wire, target->len);
    m->target_size += 1 + (size_t)target->len;
    return 0;
}

int model_add_ptr_at(struct model *m, const struct addr *addr, const struct name *target,
                     uint32_t ttl_s, enum ptr_forward forward, struct model_place place)
{
    const struct model_ptr p = {.num = addr->num,
                                .ttl_s = ttl_s,
                                .line = place.line,
                                .file = place.file & (MODEL_FILES_TOP - 1),
                                .column = place.column <= UINT8_MAX ? (uint8_t)place.column : 0,
                                .family = addr->family,
                                .forward = forward};
    return model_spills(m) ? model_spill_ptr(m, &p, target) : model_keep_ptr(m, &p, target);
}

int model_add_ptr(struct model *m, const struct addr *addr, const struct name *target,
                  uint32_t ttl_s, enum ptr_forward forward, uint32_t file, uint32_t line)
{
    return model_add_ptr_at(m, addr, target, ttl_s, forward,
                            (struct model_place){.line = line, .file = file});
}

int model_append_file(struct model *m, const char *path)
{
    if (m->file_count == MODEL_FILES_TOP)
        return PTRD_ELIMIT;
    const char *copy = model_strndup(m, path, strlen(path));
    const char **grown = realloc(m->files, ((size_t)m->file_count + 1) * sizeof *grown);
    if (grown)
        m->files = grown;
    if (!copy || !grown)
        return PTRD_ENOMEM;
    m->files[m->file_count] = copy;
    return (int)m->file_count++;
}

int model_add_file(struct model *m, const char *path)
{
    for (uint32_t i = 0; i < m->file_count; i++)
        if (strcmp(m->files[i], path) == 0)
            return (int)i;
    return m->file_count >= MODEL_FILES_MAX ? PTRD_ELIMIT : model_append_file(m, path);
}

uint32_t model_first_record(const struct model *m, const struct name *name)
{
    uint32_t low = 0, high = m->record_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&m->records[mid].owner, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* --- as a zone table -------------------------------------------------------------------------- */

int model_put_zones(const struct model *m, struct table_builder *b)
{
    int err = 0;
    for (uint32_t i = 0; i < m->zone_count && err == 0; i++) {
        const struct model_zone *z = &m->zones[i];
        err = table_add_zone(b, &z->apex, i + 1, z->settings.forward_auto,
                             z->settings.classless ? &z->settings.prefix : NULL, i);
    }
    return err;
}

int model_put_cuts(const struct model *m, struct table_builder *b)
{
    int err = 0;
    for (uint32_t i = 0; i < m->record_count && err == 0; i++) {
        const struct model_record *r = &m->records[i];
        if (r->type == RRTYPE_NS || r->type == RRTYPE_DNAME)
            err = table_add_cut(b, &r->owner, r->type == RRTYPE_NS ? CUT_NS : CUT_DNAME);
    }
    return err;
}

int model_zone_table(const struct model *m, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    err = model_put_zones(m, b);
    if (err == 0)
        err = table_finish(b, out, NULL, NULL);
    table_builder_free(b);
    return err;
}
