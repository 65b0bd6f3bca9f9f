/* One connection is one command: a line, answered by text and the end of the stream. PowerDNS takes
 * one client after the other. */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A line that is longer than a pipe takes at once (PIPE_BUF) may be torn on its way through
 * PowerDNS's guardian. */
#define LINE_MAX_OCTETS 4000
#define REPLY_MAX 256

struct control {
    const char *path;
    atomic_bool *cancelled;
    unsigned timeout_ms;
    struct flush_counts *counts;
    struct diag *diag;
    char line[LINE_MAX_OCTETS + PURGE_TEXT_SIZE + 2];
    size_t len;
    uint64_t names; /* in the line */
};

size_t purge_print(const struct purge *p, char out[PURGE_TEXT_SIZE])
{
    size_t len = name_print(&p->name, out);
    if (len > 1 || out[0] != '.')
        out[len++] = '.';
    if (p->scope == PURGE_BELOW)
        out[len++] = '$';
    out[len] = '\0';
    return len;
}

static int failed(const struct control *c, int error, const char *what)
{
    /* a socket's timeout shows as EAGAIN */
    error = error == EAGAIN || error == EWOULDBLOCK || error == EINPROGRESS ? ETIMEDOUT : error;
    return diag_set(c->diag, -error, "%s: %s: %s", c->path, what, strerror(error));
}

/* A descriptor, or -errno with diag. */
static int connect_to(const struct control *c)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    struct timeval wait = {c->timeout_ms / 1000, (suseconds_t)(c->timeout_ms % 1000) * 1000};
    if (strlen(c->path) >= sizeof where.sun_path)
        return failed(c, ENAMETOOLONG, "cannot connect");
    strcpy(where.sun_path, c->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(c, errno, "cannot connect");
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
        connect(fd, (const struct sockaddr *)&where, sizeof where) < 0) {
        int err = failed(c, errno, "cannot connect");
        close(fd);
        return err;
    }
    return fd;
}

static int send_line(const struct control *c, int fd)
{
    for (size_t done = 0; done < c->len;) {
        ssize_t n = send(fd, c->line + done, c->len - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return failed(c, errno, "cannot send");
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* All that it says, cut at REPLY_MAX, is in reply; returns its length. */
static ssize_t receive(const struct control *c, int fd, char reply[REPLY_MAX + 1])
{
    size_t len = 0;
    ssize_t n;
    do {
        n = recv(fd, reply + len, REPLY_MAX - len, 0);
        if (n < 0 && errno != EINTR)
            return failed(c, errno, "no answer");
        len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && len < REPLY_MAX);
    reply[len] = '\0';
    return (ssize_t)len;
}

static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = ' ';
}

enum control_reply { REPLY_OK, REPLY_NUMBER, REPLY_ANY };

static bool is_expected(const char *reply, enum control_reply expected)
{
    if (expected == REPLY_OK)
        return strcmp(reply, "Ok") == 0;
    size_t digits = strspn(reply, "0123456789");
    return expected == REPLY_ANY ? reply[0] : digits && !reply[digits];
}

/* Sends the line and looks at what comes. */
static int command(struct control *c, enum control_reply expected)
{
    char reply[REPLY_MAX + 1];
    if (atomic_load(c->cancelled))
        return diag_set(c->diag, -ECANCELED, "cancelled");
    int fd = connect_to(c);
    if (fd < 0)
        return fd;
    c->line[c->len++] = '\n';
    int err = send_line(c, fd);
    ssize_t len = err ? err : receive(c, fd, reply);
    close(fd);
    c->counts->requests++;
    if (len < 0)
        return (int)len;
    c->counts->sent += c->len;
    c->counts->received += (uint64_t)len;
    if (is_expected(reply, expected))
        return 0;
    make_printable(reply);
    return diag_set(c->diag, PTRD_EINVAL, "%s: PowerDNS answers `%s`", c->path, reply);
}

static void begin(struct control *c, const char *word)
{
    c->len = strlen(word);
    memcpy(c->line, word, c->len);
    c->names = 0;
}

static int purge_line(struct control *c)
{
    int err = command(c, REPLY_NUMBER);
    if (!err)
        c->counts->purges += c->names;
    begin(c, "PURGE");
    return err;
}

static int purge_names(struct control *c, struct purge_set *set, uint32_t count)
{
    struct purge p;
    int err = 0;
    begin(c, "PURGE");
    for (uint32_t i = 0; !err && i < count; i++) {
        purge_get(set, i, &p);
        c->line[c->len++] = ' ';
        c->len += purge_print(&p, c->line + c->len);
        c->names++;
        if (c->len >= LINE_MAX_OCTETS)
            err = purge_line(c);
    }
    return !err && c->names ? purge_line(c) : err;
}

/* What it says is the matter of its log: a PowerDNS that is no primary refuses. */
static int notify_zones(struct control *c, const struct purge_set *set, uint32_t count)
{
    struct purge p;
    int err = 0;
    for (uint32_t i = 0; !err && i < count; i++) {
        purge_get(set, i, &p);
        if (!p.notify)
            continue;
        p.scope = PURGE_NAME;
        begin(c, "NOTIFY ");
        c->len += purge_print(&p, c->line + c->len);
        err = command(c, REPLY_ANY);
    }
    return err;
}

int control_flush(const char *path, atomic_bool *cancelled, struct purge_set *set,
                  unsigned timeout_ms, struct flush_counts *counts, struct diag *diag)
{
    struct control c = {.path = path,
                        .cancelled = cancelled,
                        .timeout_ms = timeout_ms,
                        .counts = counts,
                        .diag = diag};
    uint32_t count = purge_count(set);
    int zones = 0, err;
    /* first: behind the purge, a refusal would be kept once more. The list of zones may be too long
     * for PowerDNS (MANY ZONES in ptrctl(1)): the names are purged all the same. */
    if (purge_zones(set) || purge_all(set)) {
        begin(&c, "REDISCOVER");
        zones = command(&c, REPLY_OK);
    }
    if (purge_all(set)) {
        begin(&c, "PURGE");
        c.names = 1;
        err = purge_line(&c);
    } else {
        err = purge_names(&c, set, count);
    }
    if (!err)
        err = notify_zones(&c, set, count);
    return err ? err : zones;
}
