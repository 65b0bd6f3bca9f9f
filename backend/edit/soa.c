#include "edit_p.h"
#include "ptrd/rdata/rdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_MAX_S 0x7fffffffu

/* --- content ---------------------------------------------------------------------------------- */

/* The fields of canonical text: two names and five numbers, one space apart. */
struct soa_text {
    struct span field[7];
};

static int split(const char *text, size_t len, struct soa_text *out)
{
    const char *at = text, *end = text + len;
    for (unsigned i = 0; i < 7; i++) {
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        if ((stop == NULL) != (i == 6))
            return PTRD_ECORRUPT;
        stop = stop ? stop : end;
        out->field[i] = (struct span){(const uint8_t *)at, (size_t)(stop - at)};
        at = stop + 1;
    }
    return 0;
}

static int read_number(struct span field, uint32_t *out)
{
    uint64_t value = 0;
    if (field.len == 0 || field.len > 10)
        return PTRD_ECORRUPT;
    for (size_t i = 0; i < field.len; i++) {
        if (field.bytes[i] < '0' || field.bytes[i] > '9')
            return PTRD_ECORRUPT;
        value = value * 10 + (field.bytes[i] - '0');
    }
    if (value > UINT32_MAX)
        return PTRD_ECORRUPT;
    *out = (uint32_t)value;
    return 0;
}

static int read_soa(struct span content, struct store_soa *out, uint32_t *serial)
{
    struct soa_text t;
    int err = split((const char *)content.bytes, content.len, &t);
    if (err == 0)
        err = name_parse((const char *)t.field[0].bytes, t.field[0].len, &out->mname, NULL);
    if (err == 0)
        err = name_parse((const char *)t.field[1].bytes, t.field[1].len, &out->rname, NULL);
    uint32_t *const numbers[] = {serial, &out->refresh_s, &out->retry_s, &out->expire_s,
                                 &out->minimum_s};
    for (unsigned i = 0; err == 0 && i < 5; i++)
        err = read_number(t.field[2 + i], numbers[i]);
    return err;
}

/* The content with another serial, in scratch memory. */
static int put_serial(struct arena *scratch, struct span content, uint32_t serial, struct span *out)
{
    struct soa_text t;
    int err = split((const char *)content.bytes, content.len, &t);
    if (err < 0)
        return err;
    size_t before = (size_t)(t.field[2].bytes - content.bytes);
    const uint8_t *after = t.field[2].bytes + t.field[2].len;
    char *text = arena_alloc(scratch, content.len + 12);
    if (!text)
        return PTRD_ENOMEM;
    int len =
        snprintf(text, content.len + 12, "%.*s%u%.*s", (int)before, (const char *)content.bytes,
                 serial, (int)(content.bytes + content.len - after), (const char *)after);
    *out = (struct span){(const uint8_t *)text, (size_t)len};
    return 0;
}

/* --- what the store says of a zone ------------------------------------------------------------ */

static int read_id(struct store_reader *r, struct span key, struct store_zone_id *out)
{
    struct span value;
    int found = store_get(r, STORE_ZONE_IDS, key, &value);
    if (found == PTRD_FOUND)
        return store_read_zone_id(value, out);
    return found < 0 ? found : PTRD_ECORRUPT; /* a zone without its id */
}

static int read_settings(struct store_reader *r, struct span key, struct store_zone *out)
{
    struct span value;
    int found = store_get(r, STORE_ZONES, key, &value);
    if (found == PTRD_FOUND)
        return store_read_zone(value, out);
    return found < 0 ? found : PTRD_ECORRUPT;
}

int soa_with_serial(struct arena *scratch, struct store_reader *r, const struct name *apex,
                    struct span *content)
{
    struct store_zone_id id;
    struct name_key key;
    name_key(apex, &key);
    int err = read_id(r, (struct span){key.bytes, key.len}, &id);
    return err < 0 ? err : put_serial(scratch, *content, id.serial, content);
}

int soa_is_source(struct edit *e, const struct name *apex, struct span value)
{
    struct store_zone zone;
    struct store_rrset row;
    struct store_soa soa;
    struct span content;
    struct name_key key;
    uint32_t serial;
    size_t at = 0;
    name_key(apex, &key);
    int err = store_read_rrset(value, &row);
    if (err < 0)
        return err;
    if (store_next_content(row.contents, &at, &content) != PTRD_FOUND)
        return PTRD_ABSENT;
    err = read_settings(e->reader, (struct span){key.bytes, key.len}, &zone);
    if (err == 0)
        err = read_soa(content, &soa, &serial);
    if (err < 0)
        return err;
    bool same = row.ttl_s == zone.ttl_s && name_equal(&soa.mname, &zone.soa.mname) &&
                name_equal(&soa.rname, &zone.soa.rname) && soa.refresh_s == zone.soa.refresh_s &&
                soa.retry_s == zone.soa.retry_s && soa.expire_s == zone.soa.expire_s &&
                soa.minimum_s == zone.soa.minimum_s;
    return same ? PTRD_FOUND : PTRD_ABSENT;
}

/* --- serials ---------------------------------------------------------------------------------- */

/* RFC 1982 3.2; undefined distances count as not newer. */
static bool is_newer(uint32_t serial, uint32_t than)
{
    uint32_t ahead = serial - than;
    return ahead != 0 && ahead < 0x80000000u;
}

static int write_id(struct edit *e, struct span key, const struct store_zone_id *id)
{
    int err = store_write_zone_id(id, &e->value);
    return err < 0 ? err : row_put(e, STORE_ZONE_IDS, key, buf_span(&e->value));
}

/* The serial that an edit gives: as it is in a secondary zone, else only upwards. */
static int take_serial(struct edit *e, const struct zone *zone, uint32_t serial)
{
    struct store_zone settings;
    struct store_zone_id id;
    struct name_key k;
    name_key(&zone->apex, &k);
    struct span key = {k.bytes, k.len};
    int err = read_settings(e->reader, key, &settings);
    if (err == 0)
        err = read_id(e->reader, key, &id);
    if (err < 0)
        return err;
    if (settings.kind != ZONE_SECONDARY && !is_newer(serial, id.serial))
        return 0;
    id.serial = serial;
    return write_id(e, key, &id);
}

int soa_set(struct edit *e, const struct zone *zone, const struct edit_record *record,
            struct diag *diag)
{
    struct place_kept p = {.local = STORE_LOCAL_RECORDS,
                           .source = STORE_RECORDS,
                           .owner = zone->apex,
                           .type = RRTYPE_SOA,
                           .zone = zone};
    struct store_soa soa;
    struct rdata data;
    struct span content;
    uint32_t serial;
    char subject[SUBJECT_SIZE];
    print_subject(&zone->apex, RRTYPE_SOA, subject);
    if (record->ttl_s > TTL_MAX_S)
        return diag_set(diag, PTRD_EINVAL, "%s: TTL %u is above 2147483647 (RFC 2181 8)", subject,
                        record->ttl_s);
    int err = rdata_parse(&zone->apex, NULL, RRTYPE_SOA, record->content, record->content_len,
                          &data, diag);
    if (err < 0)
        return err;
    struct span given = {(const uint8_t *)data.text, data.len};
    err = read_soa(given, &soa, &serial);
    if (err == 0)
        err = put_serial(&e->scratch, given, 0, &content);
    rdata_done(&data);
    if (err == 0)
        err = take_serial(e, zone, serial);
    struct set set = {.ttl_s = record->ttl_s, .count = 1, .capacity = 1, .items = &content};
    if (err == 0)
        err = set_write(e, &p, &set);
    if (err == 0)
        *zone_marks(e, zone) &= (uint8_t)~ZONE_SOA_GONE;
    return err;
}

static int raise(struct edit *e, const struct zone *zone, int64_t now_s)
{
    struct store_zone settings;
    struct store_zone_id was, id;
    struct name_key k;
    name_key(&zone->apex, &k);
    struct span key = {k.bytes, k.len};
    int err = read_settings(e->reader, key, &settings);
    if (err == 0)
        err = read_id(e->committed, key, &was);
    if (err == 0)
        err = read_id(e->reader, key, &id);
    if (err < 0 || settings.kind == ZONE_SECONDARY || id.serial != was.serial)
        return err;
    id.serial = store_serial_after(id.serial, now_s);
    return write_id(e, key, &id);
}

int serials_raise(struct edit *e, int64_t now_s)
{
    for (uint32_t i = 0; i < e->before->zone_count; i++) {
        int err = e->zones[i] & ZONE_ANSWERS ? raise(e, &e->before->zones[i], now_s) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}
