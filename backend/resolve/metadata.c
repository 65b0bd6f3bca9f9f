#include "ptrd/resolve/metadata.h"

#include <string.h>

bool resolve_metadata_answers(struct span kind)
{
    static const char *const kinds[] = {"NSEC3PARAM", "NSEC3NARROW", "PRESIGNED",
                                        "SOA-EDIT",   "PUBLISH-CDS", "PUBLISH-CDNSKEY"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]) == kind.len && memcmp(kinds[i], kind.bytes, kind.len) == 0)
            return true;
    return false;
}

int resolve_metadata(struct snapshot *s, uint32_t zone_id, const char *kind, struct span *value)
{
    struct store_buf buf = {0};
    struct span item;
    size_t at = 0;
    int found = store_key_metadata(zone_id, kind, &buf);
    struct span key = {buf.bytes, buf.len};
    if (found == 0)
        found = store_get(s->reader, STORE_LOCAL_METADATA, key, value);
    if (found == PTRD_FOUND) {
        found = store_next_string(*value, &at, &item); /* none: a tombstone */
        store_buf_done(&buf);
        return found;
    }
    if (found == PTRD_ABSENT)
        found = store_get(s->reader, STORE_METADATA, key, value);
    store_buf_done(&buf);
    return found;
}

/* No text is as no metadata, to PowerDNS too. */
int resolve_nsec3_params(struct snapshot *s, uint32_t zone_id, struct nsec3_params *out)
{
    struct span value, text;
    size_t at = 0;
    int found = resolve_metadata(s, zone_id, "NSEC3PARAM", &value);
    if (found == PTRD_FOUND)
        found = store_next_string(value, &at, &text);
    if (found != PTRD_FOUND || text.len == 0)
        return found < 0 ? found : PTRD_ABSENT;
    int err = rdata_nsec3_params((const char *)text.bytes, text.len, out);
    return err == 0 ? PTRD_FOUND : err;
}
