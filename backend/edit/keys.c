#include "edit_p.h"
#include "ptrd/rdata/key.h"

#define FLAG_ZONE 256   /* RFC 4034 2.1.1 */
#define FLAG_REVOKE 128 /* RFC 5011 7 */

/* --- adding ----------------------------------------------------------------------------------- */

/* The DS, in scratch memory; none for a key that no DS may lead to (RFC 4034 5.2). */
static int make_ds(struct edit *e, const struct name *apex, const struct edit_key *key,
                   struct store_key *row, struct diag *diag)
{
    struct rdata ds;
    int found =
        rdata_key_ds(apex, key->flags, key->content, key->content_len, &row->algorithm, &ds, diag);
    if (found == PTRD_ABSENT)
        (void)diag_set(diag, 0, "no DS can be made of a key of algorithm %u", row->algorithm);
    if (found != PTRD_FOUND)
        return found;
    const char *text = arena_strndup(&e->scratch, ds.text, ds.len);
    if (text && !(key->flags & FLAG_REVOKE))
        row->ds = (struct span){(const uint8_t *)text, ds.len};
    rdata_done(&ds);
    return text ? 0 : PTRD_ENOMEM;
}

static int write_key(struct edit *e, const struct store_key *row)
{
    int err = store_write_key(row, &e->value);
    if (err == 0)
        err = row_put(e, STORE_KEYS, buf_span(&e->key), buf_span(&e->value));
    return err < 0 ? err : PTRD_FOUND;
}

static int add_key(struct edit *e, const struct name *apex, const struct edit_key *key,
                   uint32_t *id, struct diag *diag)
{
    struct store_key row = {.flags = key->flags,
                            .active = key->active,
                            .published = key->published,
                            .content = {(const uint8_t *)key->content, key->content_len}};
    const struct zone *zone = edit_zone(e, apex);
    char shown[NAME_SHOWN_SIZE];
    print_name(apex, shown);
    if (!zone)
        return PTRD_ABSENT;
    if (!(key->flags & FLAG_ZONE))
        return diag_set(diag, PTRD_EINVAL,
                        "key of %s: flags %u are not of a zone key, expected 256 or 257", shown,
                        key->flags);
    if (e->meta.next_key_id == 0 || e->meta.next_key_id > INT32_MAX)
        return diag_set(diag, PTRD_ELIMIT, "key of %s: no number is left for it", shown);
    int err = make_ds(e, apex, key, &row, diag);
    if (err >= 0)
        err = store_key_key(zone->id, e->meta.next_key_id, &e->key);
    if (err == 0)
        err = write_key(e, &row);
    if (err == PTRD_FOUND)
        *id = e->meta.next_key_id++;
    return err;
}

int edit_key_add(struct edit *e, const struct name *apex, const struct edit_key *key, uint32_t *id,
                 struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = add_key(e, apex, key, id, diag);
    return edit_end(e, err, diag);
}

/* --- changing --------------------------------------------------------------------------------- */

/* The row of a key; its key is then in e->key. */
static int find_key(struct edit *e, const struct name *apex, uint32_t id, struct store_key *out)
{
    const struct zone *zone = edit_zone(e, apex);
    struct span value;
    if (!zone)
        return PTRD_ABSENT;
    int found = store_key_key(zone->id, id, &e->key);
    if (found == 0)
        found = store_get(e->reader, STORE_KEYS, buf_span(&e->key), &value);
    if (found != PTRD_FOUND)
        return found;
    int err = store_read_key(value, out);
    return err < 0 ? err : PTRD_FOUND;
}

static int remove_key(struct edit *e, const struct name *apex, uint32_t id)
{
    struct store_key row;
    int found = find_key(e, apex, id, &row);
    int err = found == PTRD_FOUND ? row_delete(e, STORE_KEYS, buf_span(&e->key)) : 0;
    return err < 0 ? err : found;
}

int edit_key_remove(struct edit *e, const struct name *apex, uint32_t id, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = remove_key(e, apex, id);
    return edit_end(e, err, diag);
}

static int set_state(struct edit *e, const struct name *apex, uint32_t id,
                     enum edit_key_state which, bool on)
{
    struct store_key row;
    int found = find_key(e, apex, id, &row);
    if (found != PTRD_FOUND)
        return found;
    *(which == EDIT_KEY_ACTIVE ? &row.active : &row.published) = on;
    return write_key(e, &row);
}

int edit_key_set(struct edit *e, const struct name *apex, uint32_t id, enum edit_key_state which,
                 bool on, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = set_state(e, apex, id, which, on);
    return edit_end(e, err, diag);
}
