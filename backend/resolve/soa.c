#include "soa.h"

#include <string.h>

/* The next word; blanks inside a name are escaped as digits. */
static struct span take_word(struct span *text)
{
    const uint8_t *blank = memchr(text->bytes, ' ', text->len);
    struct span word = {text->bytes, blank ? (size_t)(blank - text->bytes) : text->len};
    size_t taken = word.len + (blank != NULL);
    text->bytes += taken;
    text->len -= taken;
    return word;
}

static int take_name(struct span *text, uint8_t *out)
{
    struct span word = take_word(text);
    struct name name;
    if (name_parse((const char *)word.bytes, word.len, &name, NULL) < 0)
        return PTRD_ECORRUPT;
    memcpy(out, name.wire, name.len);
    return name.len;
}

static int take_number(struct span *text, uint8_t *out)
{
    struct span word = take_word(text);
    uint64_t number = 0;
    if (word.len == 0 || word.len > 10)
        return PTRD_ECORRUPT;
    for (size_t i = 0; i < word.len; i++) {
        if (word.bytes[i] < '0' || word.bytes[i] > '9')
            return PTRD_ECORRUPT;
        number = number * 10 + (word.bytes[i] - '0');
    }
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(number >> (24 - 8 * i));
    return number > UINT32_MAX ? PTRD_ECORRUPT : 4;
}

int soa_to_wire(struct span text, uint8_t out[SOA_WIRE_SIZE])
{
    int at = 0;
    for (unsigned field = 0; field < 7; field++) {
        int n = field < 2 ? take_name(&text, out + at) : take_number(&text, out + at);
        if (n < 0)
            return n;
        at += n;
    }
    return text.len == 0 ? at : PTRD_ECORRUPT;
}
