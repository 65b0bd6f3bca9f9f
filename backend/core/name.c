#include "ptrd/core/name.h"

#include <endian.h>
#include <string.h>

#include "ptrd/core/octets.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* --- text -> wire ---------------------------------------------------------------------------- */

/* Where a name is being written: the open label's length octet is at wire[label]. */
struct writer {
    struct name *name;
    unsigned label;
    unsigned at;
};

static int close_label(struct writer *w, struct diag *diag)
{
    unsigned len = w->at - w->label - 1;
    if (len == 0)
        return diag_set(diag, PTRD_EINVAL, "empty label (two dots in a row, or a dot in front)");
    if (len > LABEL_MAX)
        return diag_set(diag, PTRD_EINVAL, "a label has %u octets, at most 63 are allowed", len);
    if (w->at >= NAME_WIRE_MAX)
        return diag_set(diag, PTRD_EINVAL, "the name is longer than 255 octets");
    w->name->wire[w->label] = (uint8_t)len;
    w->label = w->at++;
    return 0;
}

static int put_octet(struct writer *w, uint8_t octet, struct diag *diag)
{
    if (w->at >= NAME_WIRE_MAX)
        return diag_set(diag, PTRD_EINVAL, "the name is longer than 255 octets");
    w->name->wire[w->at++] = lower(octet);
    return 0;
}

/* RFC 1035 5.1: \DDD is an octet in decimal, \X is X itself. */
static int read_escape(const char *text, size_t len, size_t *at, uint8_t *octet, struct diag *diag)
{
    if (*at + 1 >= len)
        return diag_set(diag, PTRD_EINVAL, "a backslash ends the name");
    char c = text[*at + 1];
    if (c < '0' || c > '9') {
        *octet = (uint8_t)c;
        *at += 2;
        return 0;
    }
    unsigned value = 0;
    if (*at + 3 >= len)
        return diag_set(diag, PTRD_EINVAL, "an escape \\DDD needs three digits");
    for (unsigned i = 1; i <= 3; i++) {
        c = text[*at + i];
        if (c < '0' || c > '9')
            return diag_set(diag, PTRD_EINVAL, "an escape \\DDD needs three digits");
        value = value * 10 + (unsigned)(c - '0');
    }
    if (value > 255)
        return diag_set(diag, PTRD_EINVAL, "an escape \\DDD must be at most \\255");
    *octet = (uint8_t)value;
    *at += 4;
    return 0;
}

/* Writes the labels of text into name without the root; *absolute says that it ended with a dot. */
static int parse_labels(const char *text, size_t len, struct name *name, unsigned *end,
                        bool *absolute, struct diag *diag)
{
    struct writer w = {.name = name, .label = 0, .at = 1};
    *absolute = false;
    for (size_t i = 0; i < len;) {
        int err;
        if (text[i] == '.') {
            err = close_label(&w, diag);
            *absolute = ++i == len;
        } else if (text[i] == '\\') {
            uint8_t octet = 0;
            err = read_escape(text, len, &i, &octet, diag);
            if (err == 0)
                err = put_octet(&w, octet, diag);
        } else {
            err = put_octet(&w, (uint8_t)text[i++], diag);
        }
        if (err < 0)
            return err;
    }
    if (!*absolute) {
        int err = close_label(&w, diag);
        if (err < 0)
            return err;
    }
    *end = w.label;
    return 0;
}

/* Eight labels of one octet each, "a.b.c.", at once: their wire form and the length octet behind
 * them, or false for any other text and for what needs a closer look. */
static inline bool parse_eight(const char *text, uint8_t wire[17])
{
    octets x = octets_load(text);
    octets special = (octets)(x == '.') | (octets)(x == '\\');
    octets bad = (((octets)(x != '.')) & octets_odd) | (special & octets_even);
    if (!octets_zero(bad))
        return false;
    x |= (octets)(x >= 'A') & (octets)(x <= 'Z') & 0x20;
    x = (x & octets_even) | (octets_odd & 1);
    wire[0] = 1;
    memcpy(wire + 1, &x, sizeof x);
    return true;
}

/* Nearly every name has no escape and cannot be too long. PTRD_FOUND, or PTRD_ABSENT for all others
 * and for what is wrong: the slow way then says why. */
static int parse_plain(const char *text, size_t len, struct name *out)
{
    struct name name;
    size_t label = 0;
    if (len == 0 || len > NAME_WIRE_MAX - 2)
        return PTRD_ABSENT;
    size_t i = 0;
    /* Labels of one octet first: most questions are of ip6.arpa. */
    while (i + 16 <= len && parse_eight(text + i, name.wire + i))
        i += 16;
    for (; i + 1 < len && text[i + 1] == '.' && text[i] != '.' && text[i] != '\\'; i += 2) {
        name.wire[i] = 1;
        name.wire[i + 1] = lower((uint8_t)text[i]);
    }
    label = i;
    for (; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c == '.') {
            size_t size = i - label;
            if (size == 0 || size > LABEL_MAX)
                return PTRD_ABSENT;
            name.wire[label] = (uint8_t)size;
            label = i + 1;
            continue;
        }
        if (c == '\\')
            return PTRD_ABSENT;
        name.wire[i + 1] = lower(c);
    }
    if (label < len) {
        if (len - label > LABEL_MAX)
            return PTRD_ABSENT;
        name.wire[label] = (uint8_t)(len - label);
        label = len + 1;
    }
    name.wire[label] = 0;
    out->len = (uint8_t)(label + 1);
    memcpy(out->wire, name.wire, label + 1);
    return PTRD_FOUND;
}

int name_parse(const char *text, size_t len, struct name *out, struct diag *diag)
{
    struct name name;
    unsigned end;
    bool absolute;

    if (parse_plain(text, len, out) == PTRD_FOUND)
        return 0;
    if (len == 0)
        return diag_set(diag, PTRD_EINVAL, "the name is empty (the root is written `.`)");
    if (len == 1 && text[0] == '.') {
        out->len = 1;
        out->wire[0] = 0;
        return 0;
    }
    int err = parse_labels(text, len, &name, &end, &absolute, diag);
    if (err < 0)
        return err;
    name.wire[end] = 0;
    name.len = (uint8_t)(end + 1);
    out->len = name.len;
    memcpy(out->wire, name.wire, name.len);
    return 0;
}

int name_parse_relative(const char *text, size_t len, const struct name *origin, struct name *out,
                        struct diag *diag)
{
    struct name name;
    unsigned end;
    bool absolute;

    if (len == 1 && text[0] == '@') {
        *out = *origin;
        return 0;
    }
    if (len <= 1 && (len == 0 || text[0] == '.'))
        return name_parse(text, len, out, diag);
    int err = parse_labels(text, len, &name, &end, &absolute, diag);
    if (err < 0)
        return err;
    name.wire[end] = 0;
    name.len = (uint8_t)(end + 1);
    if (absolute) {
        *out = name;
        return 0;
    }
    struct name whole;
    if (name_concat(&name, origin, &whole) < 0)
        return diag_set(diag, PTRD_EINVAL, "the name with its zone is longer than 255 octets");
    *out = whole;
    return 0;
}

/* --- wire -> text ---------------------------------------------------------------------------- */

static size_t print_octet(uint8_t c, char *out)
{
    if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' ||
        c == '$') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c > ' ' && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    out[1] = (char)('0' + c / 100);
    out[2] = (char)('0' + c / 10 % 10);
    out[3] = (char)('0' + c % 10);
    return 4;
}

/* Labels of wire[0..end), dots between them. */
static size_t print_labels(const uint8_t *wire, unsigned end, char *out)
{
    size_t at = 0;
    for (unsigned i = 0; i < end; i += wire[i] + 1u) {
        if (i)
            out[at++] = '.';
        for (unsigned k = 1; k <= wire[i]; k++)
            at += print_octet(wire[i + k], out + at);
    }
    return at;
}

size_t name_print(const struct name *name, char out[NAME_TEXT_SIZE])
{
    size_t at = print_labels(name->wire, name->len - 1u, out);
    if (at == 0)
        out[at++] = '.';
    out[at] = '\0';
    return at;
}

size_t name_print_relative(const struct name *name, const struct name *origin,
                           char out[NAME_TEXT_SIZE])
{
    if (name_equal(name, origin)) {
        memcpy(out, "@", 2);
        return 1;
    }
    if (!name_within(name, origin)) {
        size_t at = name_print(name, out);
        if (at > 1 || out[0] != '.')
            out[at++] = '.';
        out[at] = '\0';
        return at;
    }
    size_t at = print_labels(name->wire, (unsigned)(name->len - origin->len), out);
    out[at] = '\0';
    return at;
}

/* --- wire ------------------------------------------------------------------------------------ */

int name_from_wire(const uint8_t *wire, size_t len, struct name *out)
{
    size_t at = 0;
    if (len < 1 || len > NAME_WIRE_MAX)
        return PTRD_ECORRUPT;
    while (at < len && wire[at] != 0) {
        if (wire[at] > LABEL_MAX)
            return PTRD_ECORRUPT;
        at += wire[at] + 1u;
    }
    if (at != len - 1)
        return PTRD_ECORRUPT;
    out->len = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        out->wire[i] = lower(wire[i]);
    return 0;
}

bool name_equal(const struct name *a, const struct name *b)
{
    return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

unsigned name_labels(const struct name *name)
{
    unsigned count = 0;
    for (unsigned i = 0; name->wire[i]; i += name->wire[i] + 1u)
        count++;
    return count;
}

/* Offsets of eight labels of one octet each, the first at i; false where there are others. */
static inline bool offsets_of_eight(const uint8_t *wire, unsigned i, uint8_t *offsets)
{
    if (!octets_zero((octets)(octets_load(wire + i) != 1) & octets_even))
        return false;
    uint64_t eight = htole64(0x0e0c0a0806040200 + i * UINT64_C(0x0101010101010101));
    memcpy(offsets, &eight, sizeof eight);
    return true;
}

unsigned name_label_offsets(const struct name *name, uint8_t offsets[NAME_LABELS_MAX])
{
    unsigned count = 0, i = 0;
    for (; i + 16 <= name->len && offsets_of_eight(name->wire, i, offsets + count); i += 16)
        count += 8;
    for (; name->wire[i]; i += name->wire[i] + 1u)
        offsets[count++] = (uint8_t)i;
    return count;
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
    unsigned len = a[0] < b[0] ? a[0] : b[0];
    int order = memcmp(a + 1, b + 1, len);
    return order ? order : a[0] - b[0];
}

int name_compare(const struct name *a, const struct name *b)
{
    uint8_t at_a[NAME_LABELS_MAX], at_b[NAME_LABELS_MAX];
    unsigned left_a = name_label_offsets(a, at_a), left_b = name_label_offsets(b, at_b);
    while (left_a && left_b) {
        int order = compare_labels(a->wire + at_a[--left_a], b->wire + at_b[--left_b]);
        if (order)
            return order;
    }
    return (int)left_a - (int)left_b;
}

bool name_within(const struct name *name, const struct name *apex)
{
    if (apex->len > name->len)
        return false;
    const uint8_t *at = name->wire + (name->len - apex->len), *label = name->wire;
    if (memcmp(at, apex->wire, apex->len) != 0)
        return false;
    /* The same octets must also start at a label boundary. */
    while (label < at)
        label += *label + 1;
    return label == at;
}

void name_strip(const struct name *name, unsigned n, struct name *out)
{
    unsigned at = 0;
    while (n-- && name->wire[at])
        at += name->wire[at] + 1u;
    uint8_t len = (uint8_t)(name->len - at);
    memmove(out->wire, name->wire + at, len);
    out->len = len;
}

int name_concat(const struct name *left, const struct name *right, struct name *out)
{
    unsigned len = left->len - 1u + right->len;
    if (len > NAME_WIRE_MAX)
        return PTRD_ELIMIT;
    memcpy(out->wire, left->wire, left->len - 1u);
    memcpy(out->wire + left->len - 1, right->wire, right->len);
    out->len = (uint8_t)len;
    return 0;
}

/* --- canonical order form -------------------------------------------------------------------- */

void name_key(const struct name *name, struct name_key *out)
{
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets);
    uint8_t *to = out->bytes;
    while (labels) {
        const uint8_t *label = name->wire + offsets[--labels], *end = label + label[0];
        if (label[0] == 1 && label[1] > 1) { /* nibbles: most labels of most questions */
            *to++ = label[1];
            *to++ = 0;
            continue;
        }
        while (label++ < end) {
            if (*label > 1) {
                *to++ = *label;
            } else {
                *to++ = 1;
                *to++ = (uint8_t)(*label + 1);
            }
        }
        *to++ = 0;
    }
    out->len = (uint16_t)(to - out->bytes);
}

/* Prepends the label that starts at bytes[*at] to wire[*start..). */
static int take_key_label(const uint8_t *bytes, size_t len, size_t *at, uint8_t *wire,
                          unsigned *start)
{
    uint8_t label[LABEL_MAX];
    unsigned n = 0;
    while (*at < len && bytes[*at] != 0) {
        uint8_t c = bytes[(*at)++];
        if (c == 1) {
            if (*at >= len || bytes[*at] < 1 || bytes[*at] > 2)
                return PTRD_ECORRUPT;
            c = (uint8_t)(bytes[(*at)++] - 1);
        }
        if (n == LABEL_MAX || (c >= 'A' && c <= 'Z'))
            return PTRD_ECORRUPT;
        label[n++] = c;
    }
    if (n == 0 || *at >= len || *start < n + 1)
        return PTRD_ECORRUPT;
    ++*at; /* the closing 00 */
    *start -= n + 1;
    wire[*start] = (uint8_t)n;
    memcpy(wire + *start + 1, label, n);
    return 0;
}

int name_from_key(const uint8_t *bytes, size_t len, struct name *out)
{
    uint8_t wire[NAME_WIRE_MAX];
    unsigned start = NAME_WIRE_MAX - 1;
    size_t at = 0;
    wire[start] = 0;
    while (at < len) {
        int err = take_key_label(bytes, len, &at, wire, &start);
        if (err < 0)
            return err;
    }
    out->len = (uint8_t)(NAME_WIRE_MAX - start);
    memcpy(out->wire, wire + start, out->len);
    return 0;
}

/* --- kinds of names -------------------------------------------------------------------------- */

static bool is_host_label(const uint8_t *label)
{
    unsigned len = label[0];
    if (label[1] == '-' || label[len] == '-')
        return false;
    for (unsigned i = 1; i <= len; i++) {
        uint8_t c = label[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool name_is_host(const struct name *name)
{
    if (name->len == 1)
        return false;
    for (unsigned i = 0; name->wire[i]; i += name->wire[i] + 1u)
        if (!is_host_label(name->wire + i))
            return false;
    return true;
}

bool name_is_wildcard(const struct name *name)
{
    return name->wire[0] == 1 && name->wire[1] == '*';
}
