#include "list.h"

#include <stdlib.h>
#include <string.h>

#define HASH_START 0xcbf29ce484222325u /* FNV-1a */
#define HASH_PRIME 0x100000001b3u

static uint64_t hash_of(const struct name *name)
{
    uint64_t hash = HASH_START;
    for (unsigned i = 0; i < name->len; i++)
        hash = (hash ^ name->wire[i]) * HASH_PRIME;
    return hash ^ hash >> 32;
}

bool list_set_has(const struct list_set *x, const struct name *name)
{
    uint64_t hash = hash_of(name);
    if (!x->count)
        return false;
    for (uint32_t at = (uint32_t)hash & x->place_mask; x->places[at];
         at = (at + 1) & x->place_mask) {
        const struct list_member *m = &x->members[x->places[at] - 1];
        const uint8_t *bytes = x->bytes + m->at;
        if (m->hash == hash && bytes[0] == name->len && !memcmp(bytes + 1, name->wire, name->len))
            return true;
    }
    return false;
}

static void place(struct list_set *x, uint32_t member)
{
    uint32_t at = (uint32_t)x->members[member].hash & x->place_mask;
    while (x->places[at])
        at = (at + 1) & x->place_mask;
    x->places[at] = member + 1;
}

static void place_all(struct list_set *x)
{
    memset(x->places, 0, (x->place_mask + 1u) * sizeof *x->places);
    for (uint32_t i = 0; i < x->count; i++)
        place(x, i);
}

static int grow_members(struct list_set *x)
{
    if (x->count < x->capacity)
        return 0;
    uint32_t capacity = x->capacity ? x->capacity * 2 : 64;
    if (capacity > UINT32_MAX / 4)
        return PTRD_ELIMIT;
    struct list_member *members = realloc(x->members, capacity * sizeof *members);
    if (!members)
        return PTRD_ENOMEM;
    x->members = members;
    uint32_t *places = malloc(capacity * 2u * sizeof *places);
    if (!places)
        return PTRD_ENOMEM;
    free(x->places);
    x->places = places;
    x->place_mask = capacity * 2 - 1;
    x->capacity = capacity;
    place_all(x);
    return 0;
}

static int grow_bytes(struct list_set *x, size_t more)
{
    if (x->bytes_len + more <= x->bytes_capacity)
        return 0;
    size_t capacity = x->bytes_capacity ? x->bytes_capacity * 2 : 4096;
    uint8_t *bytes = realloc(x->bytes, capacity);
    if (!bytes)
        return PTRD_ENOMEM;
    x->bytes = bytes;
    x->bytes_capacity = capacity;
    return 0;
}

int list_set_add(struct list_set *x, const struct name *name)
{
    int err = grow_members(x);
    if (err == 0)
        err = grow_bytes(x, name->len + 1u);
    if (err < 0)
        return err;
    x->members[x->count] = (struct list_member){.hash = hash_of(name), .at = x->bytes_len};
    x->bytes[x->bytes_len] = name->len;
    memcpy(x->bytes + x->bytes_len + 1, name->wire, name->len);
    x->bytes_len += name->len + 1u;
    place(x, x->count++);
    return 0;
}

void list_set_cut(struct list_set *x, uint32_t count)
{
    if (count >= x->count)
        return;
    x->bytes_len = x->members[count].at;
    x->count = count;
    place_all(x);
}

void list_set_done(struct list_set *x)
{
    free(x->bytes);
    free(x->members);
    free(x->places);
}
