#include "edit_p.h"

#include <string.h>

#include "ptrd/rdata/key.h"

#define KIND_MAX 255

const struct zone *edit_zone(const struct edit *e, const struct name *apex)
{
    const struct zone *z = table_zone_for(e->before, apex);
    return z && name_equal(&z->apex, apex) ? z : NULL;
}

/* What could not be read later would leave the zone without denials. No text is as no metadata. */
static int check_value(const char *shown, const char *kind, struct span value, struct diag *diag)
{
    struct nsec3_params params;
    if (strcmp(kind, "NSEC3PARAM") != 0 || value.len == 0 ||
        rdata_nsec3_params((const char *)value.bytes, value.len, &params) == 0)
        return 0;
    return diag_set(diag, PTRD_EINVAL,
                    "metadata NSEC3PARAM of %s: `%.*s` cannot be read, expected such as `1 0 0 -`",
                    shown, (int)(value.len < 40 ? value.len : 40), (const char *)value.bytes);
}

static int set_metadata(struct edit *e, const struct name *apex, const char *kind,
                        const struct span *values, unsigned count, struct diag *diag)
{
    const struct zone *zone = edit_zone(e, apex);
    char shown[NAME_SHOWN_SIZE];
    print_name(apex, shown);
    if (!zone)
        return PTRD_ABSENT;
    if (!*kind || strlen(kind) > KIND_MAX)
        return diag_set(diag, PTRD_EINVAL,
                        "metadata of %s: kind `%.40s` has %zu octets; expected 1 to %d", shown,
                        kind, strlen(kind), KIND_MAX);
    int err = 0;
    for (unsigned i = 0; err == 0 && i < count; i++)
        err = check_value(shown, kind, values[i], diag);
    if (err < 0)
        return err;
    err = store_write_strings(values, count, &e->value);
    if (err == PTRD_ELIMIT)
        return diag_set(diag, err, "metadata %s of %s: a value of more than 65535 octets", kind,
                        shown);
    if (err == 0)
        err = store_key_metadata(zone->id, kind, &e->key);
    if (err == 0)
        err = row_put(e, STORE_LOCAL_METADATA, buf_span(&e->key), buf_span(&e->value));
    return err < 0 ? err : PTRD_FOUND;
}

int edit_metadata(struct edit *e, const struct name *apex, const char *kind,
                  const struct span *values, unsigned count, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = set_metadata(e, apex, kind, values, count, diag);
    return edit_end(e, err, diag);
}

static int set_tsig(struct edit *e, const struct name *key, const char *algorithm,
                    const char *secret, struct diag *diag)
{
    struct span value;
    char shown[NAME_SHOWN_SIZE];
    print_name(key, shown);
    int err = store_key_name(key, &e->key);
    if (err == 0 && e->key.len == 0)
        return diag_set(diag, PTRD_EINVAL, "TSIG key: the root cannot be its name");
    if (err < 0)
        return err;
    if (!algorithm) {
        int found = store_get(e->reader, STORE_TSIG, buf_span(&e->key), &value);
        if (found != PTRD_FOUND)
            return found;
        err = row_delete(e, STORE_TSIG, buf_span(&e->key));
        return err < 0 ? err : PTRD_FOUND;
    }
    if (!*algorithm || !secret || !*secret)
        return diag_set(diag, PTRD_EINVAL, "TSIG key %s: algorithm or secret is empty", shown);
    struct name name; /* PowerDNS reads it as one, for all keys at once */
    if (name_parse(algorithm, strlen(algorithm), &name, NULL) < 0)
        return diag_set(diag, PTRD_EINVAL, "TSIG key %s: `%.100s` is no name of an algorithm",
                        shown, algorithm);
    struct span items[2] = {{(const uint8_t *)algorithm, strlen(algorithm)},
                            {(const uint8_t *)secret, strlen(secret)}};
    err = store_write_strings(items, 2, &e->value);
    if (err == PTRD_ELIMIT)
        return diag_set(diag, err, "TSIG key %s: a secret of more than 65535 octets", shown);
    if (err == 0)
        err = row_put(e, STORE_TSIG, buf_span(&e->key), buf_span(&e->value));
    return err < 0 ? err : PTRD_FOUND;
}

int edit_tsig(struct edit *e, const struct name *key, const char *algorithm, const char *secret,
              struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = set_tsig(e, key, algorithm, secret, diag);
    return edit_end(e, err, diag);
}

static int set_state(struct edit *e, uint32_t zone_id, const uint32_t *notified_serial,
                     const int64_t *last_check_s)
{
    struct store_zone_state state = {.notified_serial = 0};
    struct span value;
    if (!table_zone_by_id(e->before, zone_id))
        return PTRD_ABSENT;
    int err = store_key_zone_id(zone_id, &e->key);
    if (err < 0)
        return err;
    int found = store_get(e->reader, STORE_ZONE_STATE, buf_span(&e->key), &value);
    if (found == PTRD_FOUND)
        found = store_read_zone_state(value, &state);
    if (found < 0)
        return found;
    if (notified_serial)
        state.notified_serial = *notified_serial;
    if (last_check_s)
        state.last_check_s = *last_check_s;
    err = store_write_zone_state(&state, &e->value);
    if (err == 0)
        err = row_put(e, STORE_ZONE_STATE, buf_span(&e->key), buf_span(&e->value));
    return err < 0 ? err : PTRD_FOUND;
}

int edit_zone_state(struct edit *e, uint32_t zone_id, const uint32_t *notified_serial,
                    const int64_t *last_check_s, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = set_state(e, zone_id, notified_serial, last_check_s);
    return edit_end(e, err, diag);
}
