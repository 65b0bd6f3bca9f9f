/* Keys given twice in one mapping: found by hashing, for mappings of 100,000s of keys. */
#include "conf_p.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_MAPPING 12

static int refuse_twice(const struct conf_node *again, const struct conf_node *before,
                        struct diag *diag)
{
    char quoted[CONF_QUOTE_SIZE];
    return conf_refuse(again->key, diag, "key %s is given twice, first in line %u",
                       conf_quote(again->key->text, again->key->text_len, quoted),
                       (unsigned)before->key->line);
}

static bool same_key(const struct conf_node *a, const struct conf_node *b)
{
    return a->key->text_len == b->key->text_len &&
           memcmp(a->key->text, b->key->text, a->key->text_len) == 0;
}

static int compare_pairwise(const struct conf_node *mapping, struct diag *diag)
{
    for (const struct conf_node *n = mapping->first; n; n = n->next)
        for (const struct conf_node *m = mapping->first; m != n; m = m->next)
            if (same_key(n, m))
                return refuse_twice(n, m, diag);
    return 0;
}

/* FNV-1a with a final mix, as the table takes the low bits. */
static uint64_t hash_key(const struct conf_node *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key->text_len; i++)
        h = (h ^ (unsigned char)key->text[i]) * 0x100000001b3u;
    return h ^ (h >> 29);
}

int conf_refuse_duplicates(const struct conf_node *mapping, struct diag *diag)
{
    if (mapping->count <= SMALL_MAPPING)
        return compare_pairwise(mapping, diag);
    size_t size = 16;
    while (size < 2 * mapping->count) /* count is bounded by the document's size */
        size *= 2;
    const struct conf_node **slots = calloc(size, sizeof(struct conf_node *));
    if (!slots)
        return diag_set(diag, PTRD_ENOMEM, "no memory for the keys of a mapping");
    int r = 0;
    for (const struct conf_node *n = mapping->first; n && r == 0; n = n->next) {
        size_t at = hash_key(n->key) & (size - 1);
        while (slots[at] && !same_key(slots[at], n))
            at = (at + 1) & (size - 1);
        if (slots[at])
            r = refuse_twice(n, slots[at], diag);
        slots[at] = n;
    }
    free(slots);
    return r;
}
