#include "ptrd/core/table.h"

#include "forward.h"
#include "segments.h"

#include <stdlib.h>
#include <string.h>

#define GROW_START 16

struct table_builder {
    struct table *table;
    uint32_t zone_capacity, template_capacity;
    uint32_t capacity_v4, capacity_v6;
    uint32_t *template_hash; /* template index + 1, open addressing */
    uint32_t template_hash_size;
};

/* Makes room for one more element. */
static int grow(void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return 0;
    uint32_t wanted = *capacity ? *capacity * 2 : GROW_START;
    if (wanted < *capacity)
        return PTRD_ELIMIT;
    void **at = array;
    void *bigger = realloc(*at, (size_t)wanted * size);
    if (!bigger)
        return PTRD_ENOMEM;
    *at = bigger;
    *capacity = wanted;
    return 0;
}

int table_builder_new(struct table_builder **out)
{
    struct table_builder *b = calloc(1, sizeof *b);
    if (!b)
        return PTRD_ENOMEM;
    b->table = calloc(1, sizeof *b->table);
    if (!b->table) {
        free(b);
        return PTRD_ENOMEM;
    }
    *out = b;
    return 0;
}

void table_builder_free(struct table_builder *b)
{
    if (!b)
        return;
    table_free(b->table);
    free(b->template_hash);
    free(b);
}

void table_free(struct table *t)
{
    if (!t)
        return;
    forward_index_free(t->forward);
    for (uint32_t i = 0; i < t->template_count; i++)
        template_free(t->templates[i]);
    free(t->templates);
    free(t->zones);
    free(t->zone_hash);
    free(t->zone_by_id);
    segments_free(&t->v4);
    segments_free(&t->v6);
    free(t);
}

/* --- zones ------------------------------------------------------------------------------------ */

int table_add_zone(struct table_builder *b, const struct name *apex, uint32_t id, bool forward_auto,
                   uint32_t ref)
{
    static const struct name in_addr = {.len = 14, .wire = "\7in-addr\4arpa"};
    static const struct name ip6 = {.len = 10, .wire = "\3ip6\4arpa"};
    struct table *t = b->table;
    int err = grow(&t->zones, t->zone_count, &b->zone_capacity, sizeof *t->zones);
    if (err < 0)
        return err;
    t->zones[t->zone_count++] =
        (struct zone){.apex = *apex,
                      .id = id,
                      .parent = TABLE_NONE,
                      .ref = ref,
                      .reverse = name_within(apex, &in_addr) || name_within(apex, &ip6),
                      .forward_auto = forward_auto};
    return 0;
}

static int by_apex(const void *a, const void *b)
{
    const struct zone *x = a, *y = b;
    return name_compare(&x->apex, &y->apex);
}

static uint64_t hash_label(uint64_t hash, const uint8_t *label)
{
    for (unsigned i = 0; i <= label[0]; i++)
        hash = (hash ^ label[i]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

#define HASH_START 0xcbf29ce484222325u

static uint64_t hash_name(const struct name *name)
{
    uint8_t offsets[NAME_LABELS_MAX];
    uint64_t hash = HASH_START;
    for (unsigned i = name_label_offsets(name, offsets); i > 0; i--)
        hash = hash_label(hash, name->wire + offsets[i - 1]);
    return hash;
}

static int index_zones(struct table *t)
{
    uint32_t size = 4;
    while (size < t->zone_count * 2)
        size *= 2;
    t->zone_hash = calloc(size, sizeof *t->zone_hash);
    t->zone_hash_mask = size - 1;
    if (!t->zone_hash)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < t->zone_count; i++) {
        uint32_t at = (uint32_t)hash_name(&t->zones[i].apex) & t->zone_hash_mask;
        while (t->zone_hash[at])
            at = (at + 1) & t->zone_hash_mask;
        t->zone_hash[at] = i + 1;
        unsigned labels = name_labels(&t->zones[i].apex);
        if (labels > t->zone_labels_max)
            t->zone_labels_max = labels;
    }
    return 0;
}

struct id_order {
    uint32_t id, zone;
};

static int by_id(const void *a, const void *b)
{
    const struct id_order *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int order_ids(struct table *t)
{
    struct id_order *order = malloc((t->zone_count + 1u) * sizeof *order);
    t->zone_by_id = malloc((t->zone_count + 1u) * sizeof *t->zone_by_id);
    if (!order || !t->zone_by_id) {
        free(order);
        return PTRD_ENOMEM;
    }
    for (uint32_t i = 0; i < t->zone_count; i++)
        order[i] = (struct id_order){.id = t->zones[i].id, .zone = i};
    qsort(order, t->zone_count, sizeof *order, by_id);
    for (uint32_t i = 0; i < t->zone_count; i++)
        t->zone_by_id[i] = order[i].zone;
    free(order);
    return 0;
}

static int finish_zones(struct table *t, uint32_t conflict[2], struct diag *diag)
{
    if (t->zone_count)
        qsort(t->zones, t->zone_count, sizeof *t->zones, by_apex);
    for (uint32_t i = 1; i < t->zone_count; i++) {
        if (!name_equal(&t->zones[i - 1].apex, &t->zones[i].apex))
            continue;
        char text[NAME_TEXT_SIZE];
        name_print(&t->zones[i].apex, text);
        conflict[0] = t->zones[i - 1].ref;
        conflict[1] = t->zones[i].ref;
        return diag_set(diag, PTRD_ECONFLICT, "zone %s is there twice", text);
    }
    int err = index_zones(t);
    if (err == 0)
        err = order_ids(t);
    if (err < 0)
        return diag_set(diag, err, "out of memory");
    for (uint32_t i = 0; i < t->zone_count; i++) {
        struct name above;
        if (t->zones[i].apex.len == 1)
            continue;
        name_strip(&t->zones[i].apex, 1, &above);
        const struct zone *parent = table_zone_for(t, &above);
        t->zones[i].parent = parent ? (uint32_t)(parent - t->zones) : TABLE_NONE;
    }
    return 0;
}

const struct zone *table_zone_for(const struct table *t, const struct name *name)
{
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets), depth = 0;
    const struct zone *found = NULL;
    uint64_t hash = HASH_START;

    for (;;) {
        unsigned from = depth ? offsets[labels - depth] : name->len - 1u; /* depth 0: the root */
        uint32_t at = (uint32_t)hash & t->zone_hash_mask;
        for (; t->zone_hash[at]; at = (at + 1) & t->zone_hash_mask) {
            const struct zone *z = &t->zones[t->zone_hash[at] - 1];
            if (z->apex.len == name->len - from &&
                memcmp(z->apex.wire, name->wire + from, z->apex.len) == 0) {
                found = z;
                break;
            }
        }
        if (depth == labels || depth == t->zone_labels_max)
            return found;
        depth++;
        hash = hash_label(hash, name->wire + offsets[labels - depth]);
    }
}

const struct zone *table_zone_by_id(const struct table *t, uint32_t id)
{
    uint32_t low = 0, high = t->zone_count;
    /* ids count from 1 and few were given up: at most id - 1 stand before */
    if (id <= high)
        high = id;
    if (high && t->zones[t->zone_by_id[high - 1]].id == id)
        return &t->zones[t->zone_by_id[high - 1]];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct zone *z = &t->zones[t->zone_by_id[mid]];
        if (z->id == id)
            return z;
        if (z->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

bool table_zone_below(const struct table *t, const struct name *name)
{
    /* In canonical order the names below a name follow it at once. */
    uint32_t low = 0, high = t->zone_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&t->zones[mid].apex, name) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->zone_count && name_within(&t->zones[low].apex, name);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static uint64_t hash_template(const struct template *p)
{
    uint64_t hash = HASH_START ^ p->family;
    for (unsigned i = 0; i < p->token_count; i++) {
        const struct token *token = &p->tokens[i];
        uint8_t head[6] = {token->kind, token->radix,     token->shift,
                           token->bits, token->width_min, token->width_max};
        for (unsigned k = 0; k < sizeof head; k++)
            hash = (hash ^ head[k]) * 0x100000001b3u;
        if (token->kind == TOKEN_LITERAL)
            for (unsigned k = 0; k < token->text_len; k++)
                hash = (hash ^ (uint8_t)token->text[k]) * 0x100000001b3u;
        hash ^= (uint64_t)token_base(token);
    }
    return hash ^ hash >> 31;
}

static int rehash_templates(struct table_builder *b)
{
    uint32_t size = b->template_hash_size ? b->template_hash_size * 2 : 64;
    uint32_t *bigger = calloc(size, sizeof *bigger);
    if (!bigger)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < b->table->template_count; i++) {
        uint32_t at = (uint32_t)hash_template(b->table->templates[i]) & (size - 1);
        while (bigger[at])
            at = (at + 1) & (size - 1);
        bigger[at] = i + 1;
    }
    free(b->template_hash);
    b->template_hash = bigger;
    b->template_hash_size = size;
    return 0;
}

/* Takes a compiled template and gives the one of its equals that the table keeps. */
static int intern_take(struct table_builder *b, struct template *p, const struct template **out)
{
    struct table *t = b->table;
    int err = grow(&t->templates, t->template_count, &b->template_capacity, sizeof *t->templates);
    if (err == 0 && (t->template_count + 1) * 2 > b->template_hash_size)
        err = rehash_templates(b);
    if (err < 0) {
        template_free(p);
        return err;
    }
    uint32_t at = (uint32_t)hash_template(p) & (b->template_hash_size - 1);
    for (; b->template_hash[at]; at = (at + 1) & (b->template_hash_size - 1)) {
        struct template *known = t->templates[b->template_hash[at] - 1];
        if (template_equal(known, p)) {
            template_free(p);
            *out = known;
            return 0;
        }
    }
    t->templates[t->template_count++] = p;
    b->template_hash[at] = t->template_count;
    *out = p;
    return 0;
}

int table_add_block(struct table_builder *b, const struct range *range, const char *text,
                    const struct template_var *vars, unsigned var_count, uint32_t ttl_s,
                    uint8_t flags, uint32_t ref, struct diag *diag)
{
    const struct template *shared = NULL;
    if (text) {
        struct template *p = NULL;
        int err = template_compile(text, strlen(text), range, vars, var_count, &p, diag);
        if (err == 0)
            err = intern_take(b, p, &shared);
        if (err < 0)
            return err;
    }
    bool v4 = range->family == FAMILY_IPV4;
    struct block_set *set = v4 ? &b->table->v4 : &b->table->v6;
    int err =
        grow(&set->blocks, set->count, v4 ? &b->capacity_v4 : &b->capacity_v6, sizeof *set->blocks);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    set->blocks[set->count++] = (struct block){.range = *range,
                                               .template = shared,
                                               .ttl_s = ttl_s,
                                               .parent = TABLE_NONE,
                                               .ref = ref,
                                               .flags = flags};
    return 0;
}

int table_finish(struct table_builder *b, struct table **out, uint32_t conflict[2],
                 struct diag *diag)
{
    struct table *t = b->table;
    uint32_t unused[2];
    if (!conflict)
        conflict = unused;
    int err = finish_zones(t, conflict, diag);
    if (err == 0)
        err = segments_build(&t->v4, FAMILY_IPV4, conflict, diag);
    if (err == 0)
        err = segments_build(&t->v6, FAMILY_IPV6, conflict, diag);
    if (err < 0)
        return err;
    err = forward_index_new(t, &t->forward);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    b->table = NULL;
    *out = t;
    return 0;
}

/* --- longest match ---------------------------------------------------------------------------- */

const struct block *table_block_for(const struct table *t, const struct addr *a)
{
    const struct block_set *set = table_blocks(t, a->family);
    uint32_t block = set->segments[segments_find(set, a->num)].block;
    return block == TABLE_NONE ? NULL : &set->blocks[block];
}

bool table_generates(const struct table *t, const struct range *range)
{
    const struct block_set *set = table_blocks(t, range->family);
    uint32_t i = set->segments[segments_find(set, range->first)].generating;
    return i < set->segment_count && set->segments[i].first <= range->last;
}
