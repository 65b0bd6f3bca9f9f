/* Any arguments to the calls of libptrd on a small store, one call after the other on handles of
 * each leaf mode: nothing ends the process, and what a call returns is what embed.h says of it.
 *
 * An input is a row of calls: one octet chooses the call and the handle, the next ones the type and
 * the zone's id, then come texts, each ended by a NUL or by the input's end. */
#include "ptrd/embed/embed.h"
#include "support/small_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HANDLES 3

static struct {
    struct small_store store;
    struct ptrd *handles[HANDLES];
} f;

static void done(void)
{
    for (unsigned i = 0; i < HANDLES; i++)
        ptrd_close(f.handles[i]);
    small_store_remove(&f.store);
}

static void make(void)
{
    static const char *const modes[HANDLES] = {"off", "ipv6", "all"};
    small_store_make(&f.store);
    for (unsigned i = 0; i < HANDLES; i++)
        if (!(f.handles[i] = ptrd_open(f.store.dir, modes[i])))
            abort();
    atexit(done);
}

/* --- the input -------------------------------------------------------------------------------- */

struct input {
    const uint8_t *at, *end;
};

static uint64_t number(struct input *in, unsigned octets)
{
    uint64_t value = 0;
    while (octets-- > 0)
        value = value << 8 | (in->at < in->end ? *in->at++ : 0);
    return value;
}

/* A copy that is just as long as the text, so that a sanitizer sees what reads beyond it. */
static char *text(struct input *in)
{
    const uint8_t *stop = memchr(in->at, '\0', (size_t)(in->end - in->at));
    size_t len = (size_t)((stop ? stop : in->end) - in->at);
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, in->at, len);
    copy[len] = '\0';
    in->at += stop ? len + 1 : len;
    return copy;
}

/* --- what embed.h says of results ------------------------------------------------------------- */

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_text(const char *bytes, uint32_t len, bool printable)
{
    CHECK(bytes[len] == '\0');
    for (uint32_t i = 0; printable && i < len; i++)
        CHECK(bytes[i] >= ' ' && bytes[i] <= '~');
}

static void check_count(const struct ptrd *h, long count, bool whole)
{
    const char *error = ptrd_error(h);
    CHECK(count >= 0 || count == PTRD_FAILED || (whole && count == PTRD_NO_ZONE));
    CHECK((count == PTRD_FAILED) == (error[0] != '\0'));
}

static void check_rows(const struct ptrd_row *rows, long count, bool named)
{
    for (long i = 0; i < count; i++) {
        struct name owner;
        check_text(rows[i].content, rows[i].content_len, true);
        CHECK(rows[i].auth <= 1 && rows[i].zone_id >= 0);
        CHECK(rows[i].type != 0 || rows[i].content_len == 0);
        CHECK(named == (rows[i].name != NULL));
        if (!named)
            continue;
        check_text(rows[i].name, rows[i].name_len, true);
        CHECK(name_parse(rows[i].name, rows[i].name_len, &owner, NULL) == 0);
    }
}

/* --- the calls -------------------------------------------------------------------------------- */

static void ask_lookup(struct ptrd *h, struct input *in)
{
    const struct ptrd_row *rows;
    /* beyond 16 bits too, on either side */
    int type = (int)number(in, 3) - 0x100000;
    int32_t zone_id = (int32_t)number(in, 8);
    char *name = text(in);
    long count = ptrd_lookup(h, name, type, zone_id, &rows);
    if (count == PTRD_EMPTY) {
        CHECK(rows[0].type == 0 && rows[0].auth == 1);
        count = 1;
    }
    check_count(h, count, false);
    check_rows(rows, count, false);
    free(name);
}

static void ask_any(struct ptrd *h, struct input *in)
{
    const struct ptrd_row *rows;
    static const int types[] = {255, 6, 12, 2, 43, 1, 28, 16};
    int type = types[number(in, 1) % 8];
    int32_t zone_id = (int8_t)number(in, 1);
    char *name = text(in);
    long count = ptrd_lookup(h, name, type, zone_id, &rows);
    if (count == PTRD_EMPTY) {
        CHECK(rows[0].type == 0 && rows[0].auth == 1);
        count = 1;
    }
    check_count(h, count, false);
    check_rows(rows, count, false);
    free(name);
}

static void ask_list(struct ptrd *h, struct input *in)
{
    const struct ptrd_row *rows;
    char *name = text(in);
    long count = ptrd_list(h, name, &rows);
    check_count(h, count, true);
    check_rows(rows, count, true);
    free(name);
}

static void ask_metadata(struct ptrd *h, struct input *in)
{
    const struct ptrd_value *values;
    bool all = number(in, 1) & 1;
    char *zone = text(in), *kind = all ? NULL : text(in);
    long count = ptrd_metadata(h, zone, kind, &values);
    check_count(h, count, true);
    for (long i = 0; i < count; i++) {
        CHECK(all == (values[i].kind != NULL));
        if (all)
            check_text(values[i].kind, values[i].kind_len, false);
        if (values[i].value)
            check_text(values[i].value, values[i].value_len, false);
    }
    free(zone);
    free(kind);
}

static void ask_keys(struct ptrd *h, struct input *in)
{
    const struct ptrd_key *keys;
    char *zone = text(in);
    long count = ptrd_keys(h, zone, &keys);
    check_count(h, count, true);
    for (long i = 0; i < count; i++)
        check_text(keys[i].content, keys[i].content_len, false);
    free(zone);
}

static void ask_denial(struct ptrd *h, struct input *in)
{
    const struct ptrd_denial *denial;
    int32_t zone_id = (int8_t)number(in, 1);
    char *name = text(in);
    long count = ptrd_before_and_after(h, zone_id, name, &denial);
    check_count(h, count, false);
    if (count >= 0) {
        CHECK(count == 1 && denial->before[0] && denial->after[0] && denial->unhashed[0]);
        check_text(denial->before, (uint32_t)strlen(denial->before), true);
        check_text(denial->after, (uint32_t)strlen(denial->after), true);
        check_text(denial->unhashed, (uint32_t)strlen(denial->unhashed), true);
    }
    free(name);
}

/* Another handle on the same store, or on none. */
static void open_another(struct ptrd *h, struct input *in)
{
    (void)h;
    char *dir = text(in), *leaf = text(in);
    ptrd_close(ptrd_open(dir, leaf));
    struct ptrd *made = ptrd_open(f.store.dir, leaf);
    CHECK((made != NULL) ==
          (strcmp(leaf, "off") == 0 || strcmp(leaf, "ipv6") == 0 || strcmp(leaf, "all") == 0));
    ptrd_close(made);
    free(dir);
    free(leaf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(struct ptrd *, struct input *) = {
        ask_lookup, ask_any, ask_list, ask_metadata, ask_keys, ask_denial, open_another, ask_any};
    struct input in = {data, data + size};
    if (!f.handles[0])
        make();
    for (unsigned i = 0; i < 32 && in.at < in.end; i++) {
        unsigned choice = (unsigned)number(&in, 1);
        calls[choice % 8](f.handles[choice / 8 % HANDLES], &in);
    }
    return 0;
}
