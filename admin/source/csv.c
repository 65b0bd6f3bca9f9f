/* CSV of PTRs: `address,name[,ttl]`, one row a line, read in pieces so that millions of rows need
 * no memory beyond what they become. */
#include "file_p.h"
#include "model_p.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)
#define LINE_MAX_OCTETS 8192

struct csv {
    struct source *s;
    uint16_t file;
    uint32_t line;
    const char *start; /* of the line */
};

struct field {
    const char *text;
    size_t len;
};

static int refuse(struct csv *c, const char *at, const char *format, ...) PTRD_FORMAT(3, 4);
static int refuse(struct csv *c, const char *at, const char *format, ...)
{
    struct diag *diag = c->s->diag;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(diag->message, sizeof diag->message, format, args);
    va_end(args);
    diag->line = c->line;
    diag->column = (uint32_t)(at - c->start) + 1;
    return PTRD_EINVAL;
}

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t';
}

static struct field trimmed(const char *text, const char *end)
{
    while (text < end && is_blank(*text))
        text++;
    while (end > text && is_blank(end[-1]))
        end--;
    return (struct field){.text = text, .len = (size_t)(end - text)};
}

/* A comment begins at a `#` that starts the line or follows a blank: a name may hold one elsewhere.
 */
static const char *cut_comment(const char *text, const char *end)
{
    const char *p = text;
    while ((p = memchr(p, '#', (size_t)(end - p)))) {
        if (p == text || is_blank(p[-1]))
            return p;
        p++;
    }
    return end;
}

static int read_name(struct csv *c, struct field f, struct name *out)
{
    char quoted[CONF_QUOTE_SIZE];
    const char *why = NULL;
    struct diag inner = {0};
    long bad = value_bad_octet(f.text, f.len, &why);
    if (bad >= 0)
        return refuse(c, f.text + bad, "%s is no name: %s", conf_quote(f.text, f.len, quoted), why);
    struct addr addr;
    if (addr_parse(f.text, f.len, &addr) == 0)
        return refuse(c, f.text, "expected a name, found the address %s",
                      conf_quote(f.text, f.len, quoted));
    if (name_parse(f.text, f.len, out, &inner) < 0)
        return refuse(c, f.text, "%s is no name: %s", conf_quote(f.text, f.len, quoted),
                      inner.message);
    if (out->len == 1)
        return refuse(c, f.text, "the root is no name for an address");
    return 0;
}

static int read_ttl(struct csv *c, struct field f, uint32_t *out)
{
    char quoted[CONF_QUOTE_SIZE];
    uint64_t value = 0;
    bool good = f.len > 0 && f.len <= 10 && (f.len == 1 || f.text[0] != '0');
    for (size_t i = 0; good && i < f.len; i++) {
        good = f.text[i] >= '0' && f.text[i] <= '9';
        value = value * 10 + (uint64_t)(f.text[i] - '0');
    }
    if (!good || value > TTL_MAX)
        return refuse(c, f.text, "ttl: expected a number from 0 to %u, found %s", TTL_MAX,
                      conf_quote(f.text, f.len, quoted));
    *out = (uint32_t)value;
    return 0;
}

/* Cuts the row at its commas; an escaped comma belongs to the name. Returns their number. */
static unsigned cut_fields(const char *text, const char *end, struct field fields[3])
{
    unsigned count = 0;
    const char *p = text;
    while (count < 3) {
        const char *comma = p;
        while (comma < end && *comma != ',')
            comma += *comma == '\\' && comma + 1 < end ? 2 : 1;
        fields[count++] = trimmed(p, comma);
        if (comma >= end)
            return count;
        p = comma + 1;
    }
    return count + 1;
}

static int read_fields(struct csv *c, const char *text, const char *end)
{
    struct field fields[3];
    struct addr addr;
    struct name target;
    char quoted[CONF_QUOTE_SIZE];
    uint32_t ttl_s = MODEL_TTL_UNSAID;
    unsigned count = cut_fields(text, end, fields);
    if (count < 2 || count > 3)
        return refuse(c, text, "expected `address,name` or `address,name,ttl`, found %s",
                      conf_quote(text, (size_t)(end - text), quoted));
    if (addr_parse(fields[0].text, fields[0].len, &addr) < 0)
        return refuse(c, fields[0].text, "expected an IPv4 or IPv6 address, found %s",
                      conf_quote(fields[0].text, fields[0].len, quoted));
    int r = read_name(c, fields[1], &target);
    if (r == 0 && count == 3 && fields[2].len > 0)
        r = read_ttl(c, fields[2], &ttl_s);
    if (r < 0)
        return r;
    struct model_place place = {
        .line = c->line, .column = (uint32_t)(fields[0].text - c->start) + 1, .file = c->file};
    r = model_add_ptr_at(c->s->m, &addr, &target, ttl_s, FORWARD_UNSAID, place);
    return r < 0 ? model_ptr_lost(c->s->m, r, c->s->diag) : 0;
}

static int read_line(struct csv *c, const char *text, size_t len)
{
    const char *end = text + len;
    c->start = text;
    if (c->line == UINT32_MAX)
        return diag_set(c->s->diag, PTRD_ELIMIT, "more lines than can be counted");
    c->line++;
    if (len > LINE_MAX_OCTETS)
        return refuse(c, text + LINE_MAX_OCTETS, "a line of more than %d octets", LINE_MAX_OCTETS);
    if (len > 0 && end[-1] == '\r')
        end--;
    struct field row = trimmed(text, cut_comment(text, end));
    return row.len ? read_fields(c, row.text, row.text + row.len) : 0;
}

/* Reads the whole lines of buf; *used says how much that was. */
static int read_lines(struct csv *c, const char *buf, size_t len, size_t *used)
{
    *used = 0;
    for (;;) {
        const char *start = buf + *used;
        const char *nl = memchr(start, '\n', len - *used);
        if (!nl)
            return 0;
        int r = read_line(c, start, (size_t)(nl - start));
        if (r < 0)
            return r;
        *used = (size_t)(nl - buf) + 1;
    }
}

/* A byte order mark is tolerated; that of UTF-16 gets its own message. */
static int skip_mark(struct csv *c, const char *buf, size_t len, size_t *skip)
{
    *skip = len >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (len >= 2 && (memcmp(buf, "\xff\xfe", 2) == 0 || memcmp(buf, "\xfe\xff", 2) == 0)) {
        c->line = 1;
        c->start = buf;
        return refuse(c, buf, "the file is UTF-16: expected UTF-8");
    }
    return 0;
}

static void report(struct source *s, size_t n)
{
    s->done += n;
    if (s->progress)
        s->progress(s->progress_ctx, s->done, s->total > s->done ? s->total : s->done);
}

/* One read appended behind what is left over. Returns the octets read, 0 at the end. */
static long fill(struct csv *c, int fd, char *buf, size_t kept, uint64_t *size)
{
    ssize_t n;
    do
        n = read(fd, buf + kept, PIECE);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        int err = errno;
        c->s->diag->line = c->s->diag->column = 0;
        return diag_set(c->s->diag, -err, "cannot read: %s", strerrordesc_np(err));
    }
    *size += (uint64_t)n;
    if (*size > CSV_SIZE_MAX)
        return diag_set(c->s->diag, PTRD_ELIMIT, "larger than the limit of %u GiB",
                        (unsigned)(CSV_SIZE_MAX >> 30));
    report(c->s, (size_t)n);
    return n;
}

static int read_pieces(struct csv *c, int fd, char *buf)
{
    size_t kept = 0, used = 0;
    uint64_t size = 0;
    bool first = true;
    for (;;) {
        long n = fill(c, fd, buf, kept, &size);
        if (n < 0)
            return (int)n;
        if (n == 0) /* the last line may lack its newline */
            return kept ? read_line(c, buf, kept) : 0;
        size_t len = kept + (size_t)n, skip = 0;
        int r = first && len >= 2 ? skip_mark(c, buf, len, &skip) : 0;
        first = first && len < 3;
        if (r == 0)
            r = read_lines(c, buf + skip, len - skip, &used);
        if (r < 0)
            return r;
        kept = len - skip - used;
        if (kept > LINE_MAX_OCTETS)
            return read_line(c, buf + skip + used, kept);
        memmove(buf, buf + skip + used, kept);
    }
}

int csv_read(struct source *s, int fd, uint16_t file)
{
    struct csv c = {.s = s, .file = file};
    char *buf = malloc(PIECE + LINE_MAX_OCTETS);
    if (!buf)
        return source_no_memory(s);
    int r = read_pieces(&c, fd, buf);
    free(buf);
    return r;
}
