#include "ptrd/core/table.h"

#include "forward.h"
#include "segments.h"
#include "table_p.h"

#include <stdlib.h>
#include <string.h>

#define GROW_START 16

int table_grow(void *array, uint32_t count, uint32_t *capacity, size_t size)
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
    free(b->delegated);
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
    free(t->place_hash);
    free(t->zone_by_id);
    free(t->cuts);
    free(t->classless);
    free(t->delegated_v4);
    free(t->delegated_v6);
    segments_free(&t->v4);
    segments_free(&t->v6);
    free(t);
}

/* --- zones ------------------------------------------------------------------------------------ */

int table_add_zone(struct table_builder *b, const struct name *apex, uint32_t id, bool forward_auto,
                   const struct prefix *classless, uint32_t ref)
{
    static const struct name in_addr = {.len = 14, .wire = "\7in-addr\4arpa"};
    static const struct name ip6 = {.len = 10, .wire = "\3ip6\4arpa"};
    struct table *t = b->table;
    /* room for the labels of octets */
    if (classless && (!prefix_is_classless(classless) || apex->len > NAME_WIRE_MAX - 4))
        return PTRD_EINVAL;
    int err = table_grow(&t->zones, t->zone_count, &b->zone_capacity, sizeof *t->zones);
    if (err < 0)
        return err;
    t->zones[t->zone_count++] = (struct zone){.apex = *apex,
                                              .id = id,
                                              .parent = TABLE_NONE,
                                              .ref = ref,
                                              .apex_dname = TABLE_NONE,
                                              .reverse = classless || name_within(apex, &in_addr) ||
                                                         name_within(apex, &ip6),
                                              .forward_auto = forward_auto,
                                              .classless = classless != NULL};
    if (classless)
        t->zones[t->zone_count - 1].prefix = *classless;
    return 0;
}

int table_add_cut(struct table_builder *b, const struct name *name, uint8_t flags)
{
    struct table *t = b->table;
    int err = table_grow(&t->cuts, t->cut_count, &b->cut_capacity, sizeof *t->cuts);
    if (err < 0)
        return err;
    t->cuts[t->cut_count++] = (struct cut){.name = *name, .zone = TABLE_NONE, .flags = flags};
    return 0;
}

int table_add_delegated(struct table_builder *b, const struct prefix *prefix,
                        const struct name *child)
{
    if (!prefix_is_classless(prefix))
        return PTRD_EINVAL;
    int err =
        table_grow(&b->delegated, b->delegated_count, &b->delegated_capacity, sizeof *b->delegated);
    if (err < 0)
        return err;
    b->delegated[b->delegated_count++] = (struct delegated){.prefix = *prefix, .child = *child};
    return 0;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static uint64_t hash_template(const struct template *p)
{
    uint64_t hash = TABLE_HASH_START ^ p->family;
    for (unsigned i = 0; i < p->token_count; i++) {
        const struct token *token = &p->tokens[i];
        uint8_t head[6] = {token->kind, token->radix,     token->shift,
                           token->bits, token->width_min, token->width_max};
        for (unsigned k = 0; k < sizeof head; k++)
            hash = (hash ^ head[k]) * TABLE_HASH_PRIME;
        if (token->kind == TOKEN_LITERAL)
            for (unsigned k = 0; k < token->text_len; k++)
                hash = (hash ^ (uint8_t)token->text[k]) * TABLE_HASH_PRIME;
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
    int err =
        table_grow(&t->templates, t->template_count, &b->template_capacity, sizeof *t->templates);
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
    int err = table_grow(&set->blocks, set->count, v4 ? &b->capacity_v4 : &b->capacity_v6,
                         sizeof *set->blocks);
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
    int err = zones_finish(t, conflict, diag);
    if (err == 0)
        err = classless_finish(t, conflict, diag);
    if (err == 0 &&
        (cuts_finish(t) < 0 || delegated_finish(t, b->delegated, b->delegated_count) < 0))
        err = diag_set(diag, PTRD_ENOMEM, "out of memory");
    if (err == 0)
        err = segments_build(&t->v4, FAMILY_IPV4, t->delegated_v4, t->delegated_v4_count, conflict,
                             diag);
    if (err == 0)
        err = segments_build(&t->v6, FAMILY_IPV6, t->delegated_v6, t->delegated_v6_count, conflict,
                             diag);
    if (err < 0)
        return err;
    err = forward_index_new(t, &t->forward);
    if (err == 0)
        err = has_block_finish(t);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    b->table = NULL;
    *out = t;
    return 0;
}

/* --- longest match ---------------------------------------------------------------------------- */

uint32_t table_segment_for(const struct block_set *set, u128 num)
{
    return segments_find(set, num);
}

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
