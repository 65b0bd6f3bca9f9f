#include "ptrd/core/adjacent.h"

#include <string.h>

/* A label and what it stands in front of, as one name. */
static void join(const uint8_t *label, unsigned len, const uint8_t *above, unsigned above_len,
                 struct name *out)
{
    struct name made;
    made.wire[0] = (uint8_t)len;
    memcpy(made.wire + 1, label, len);
    memcpy(made.wire + 1 + len, above, above_len);
    made.len = (uint8_t)(1 + len + above_len);
    *out = made;
}

int adjacent_below(const struct name *name, struct name *out)
{
    if (name->len + 2u > NAME_WIRE_MAX)
        return PTRD_ABSENT;
    join((const uint8_t *)"", 1, name->wire, name->len, out);
    return PTRD_FOUND;
}

/* The label behind one that cannot become longer. */
static unsigned raise_label(uint8_t *label, unsigned len)
{
    while (len && label[len - 1] == 0xff)
        len--;
    if (len)
        label[len - 1] = label[len - 1] == 0x40 ? 0x5b : (uint8_t)(label[len - 1] + 1);
    return len;
}

int adjacent_behind(const struct name *name, const struct name *apex, struct name *out)
{
    uint8_t label[LABEL_MAX + 1];
    for (unsigned at = 0; name->len - at > apex->len; at += name->wire[at] + 1u) {
        unsigned len = name->wire[at], above = at + len + 1;
        memcpy(label, name->wire + at + 1, len);
        if (len < LABEL_MAX && name->len - at < NAME_WIRE_MAX)
            label[len++] = 0;
        else
            len = raise_label(label, len);
        if (len) {
            join(label, len, name->wire + above, name->len - above, out);
            return PTRD_FOUND;
        }
    }
    return PTRD_ABSENT;
}

/* \255 in front of a name, if there is room. */
static void put_below(struct name *name)
{
    if (name->len + 2u <= NAME_WIRE_MAX)
        join((const uint8_t *)"\xff", 1, name->wire, name->len, name);
}

void adjacent_before(const struct name *name, struct name *out)
{
    uint8_t label[LABEL_MAX + 1];
    unsigned len = name->wire[0], room = NAME_WIRE_MAX - name->len;
    const uint8_t *above = name->wire + len + 1;
    unsigned above_len = name->len - len - 1;
    memcpy(label, name->wire + 1, len);
    if (label[len - 1] == 0) {
        if (len == 1) {
            name_strip(name, 1, out);
            return;
        }
        join(label, len - 1, above, above_len, out);
        put_below(out);
        return;
    }
    label[len - 1] = label[len - 1] == 0x5b ? 0x40 : (uint8_t)(label[len - 1] - 1);
    bool longer = len < LABEL_MAX && room > 0;
    if (longer)
        label[len++] = 0xff;
    join(label, len, above, above_len, out);
    if (!longer)
        put_below(out);
}
