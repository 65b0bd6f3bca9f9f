#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptrd/rpc/rpc.h"

#define INPUT_FIRST 4096 /* many times a lookup */
#define INPUT_KEPT 65536

/* Bytes start..len are unread; none before `searched` is a newline. */
struct input {
    char *bytes;
    size_t start, searched, len, capacity;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Length of the complete request at start; 0: none yet. */
static long input_frame(struct input *in)
{
    while (in->start < in->len && is_blank(in->bytes[in->start]))
        in->start++;
    if (in->searched < in->start)
        in->searched = in->start;
    /* only new bytes are searched: a request that dribbles in costs no more than a whole one */
    if (in->searched < in->len && memchr(in->bytes + in->searched, '\n', in->len - in->searched))
        return rpc_frame(in->bytes + in->start, in->len - in->start, RPC_FRAME_MAX);
    in->searched = in->len;
    return in->len - in->start >= RPC_FRAME_MAX ? PTRD_ELIMIT : 0;
}

/* Room behind the unread bytes. */
static int input_room(struct input *in)
{
    size_t unread = in->len - in->start;
    if (in->start > 0) {
        memmove(in->bytes, in->bytes + in->start, unread);
        in->searched -= in->start;
        in->start = 0;
        in->len = unread;
    }
    size_t capacity = in->capacity;
    if (unread == capacity)
        capacity = capacity ? capacity * 2 : INPUT_FIRST;
    else if (unread == 0 && capacity > INPUT_KEPT)
        capacity = INPUT_FIRST;
    if (capacity == in->capacity)
        return 0;
    char *bytes = realloc(in->bytes, capacity);
    if (!bytes)
        return PTRD_ENOMEM;
    in->bytes = bytes;
    in->capacity = capacity;
    return 0;
}

/* Gives up what the worker holds, once rpc_wait_ms has passed. */
static void wait_over(const struct stream *s, struct rpc_worker *w)
{
    struct diag diag = {0};
    if (rpc_wait_over(w, &diag))
        log_limited(s->log, "%s: %s", s->peer, diag.message);
}

/* Waits until fd is ready for events; false: the worker must not hold out longer. A worker that
 * holds nothing waits in read or write itself. */
static bool wait_ready(int fd, short events, const struct rpc_worker *w)
{
    struct pollfd one = {.fd = fd, .events = events};
    int ms, n;
    do {
        ms = rpc_wait_ms(w);
        n = ms < 0 ? 1 : poll(&one, 1, ms);
    } while (n < 0 && errno == EINTR);
    return n != 0;
}

/* Bytes read, 0 at the end, or -errno. */
static ssize_t input_read(struct input *in, int fd)
{
    ssize_t n;
    int rc = input_room(in);
    if (rc < 0)
        return rc;
    do
        n = read(fd, in->bytes + in->len, in->capacity - in->len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    in->len += (size_t)n;
    return n;
}

static int write_some(int fd, const char **bytes, size_t *len)
{
    ssize_t n = write(fd, *bytes, *len);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    *bytes += n;
    *len -= (size_t)n;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    int rc = 0;
    while (len > 0 && rc == 0)
        rc = write_some(fd, &bytes, &len);
    return rc;
}

/* To a client that holds up other writers: for as long as it may wait for the next request, and
 * without blocking in write. */
static int write_within(const struct stream *s, struct rpc_worker *w, const char *bytes, size_t len)
{
    int flags = fcntl(s->out, F_GETFL), rc = 0;
    if (flags < 0 || fcntl(s->out, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    while (len > 0 && rc == 0) {
        if (wait_ready(s->out, POLLOUT, w)) {
            rc = write_some(s->out, &bytes, &len);
        } else {
            wait_over(s, w);
            rc = -ETIMEDOUT; /* half a reply is sent: nothing can follow it */
        }
    }
    (void)fcntl(s->out, F_SETFL, flags);
    return rc;
}

/* One request to its reply. A client that went away is no event worth a line. */
static int answer_one(const struct stream *s, struct rpc_worker *w, const char *request, size_t len)
{
    const char *reply;
    size_t reply_len;
    struct diag diag;
    memset(&diag, 0, offsetof(struct diag, message) + 1);
    if (rpc_handle(w, request, len, &reply, &reply_len, &diag) == RPC_CLOSE) {
        log_limited(s->log, "%s: connection closed: %s", s->peer, diag.message);
        return PTRD_EINVAL;
    }
    if (diag.message[0])
        log_limited(s->log, "%s: %s", s->peer, diag.message);
    int rc = rpc_wait_ms(w) < 0 ? write_all(s->out, reply, reply_len)
                                : write_within(s, w, reply, reply_len);
    rpc_worker_rest(w);
    return rc;
}

/* All complete requests that have arrived, in order. */
static int answer_arrived(const struct stream *s, struct rpc_worker *w, struct input *in)
{
    long frame;
    while ((frame = input_frame(in)) > 0) {
        int rc = answer_one(s, w, in->bytes + in->start, (size_t)frame);
        if (rc < 0)
            return rc;
        in->start += (size_t)frame;
    }
    if (frame < 0)
        log_limited(s->log, "%s: connection closed: a request of more than %u bytes", s->peer,
                    RPC_FRAME_MAX);
    return (int)frame;
}

/* As input_read, giving up what the worker holds when the client lets it wait. */
static ssize_t read_more(const struct stream *s, struct rpc_worker *w, struct input *in)
{
    while (!wait_ready(s->in, POLLIN, w))
        wait_over(s, w);
    return input_read(in, s->in);
}

static int serve(const struct stream *s, struct rpc_worker *w, struct input *in)
{
    ssize_t n;
    while ((n = read_more(s, w, in)) > 0) {
        int rc = answer_arrived(s, w, in);
        if (rc < 0)
            return rc;
    }
    if (n == 0 && in->start < in->len) {
        log_limited(s->log, "%s: connection ended inside a request", s->peer);
        return PTRD_EINVAL;
    }
    return (int)n;
}

int stream_serve(const struct stream *s, struct engine *e)
{
    struct rpc_worker *w;
    struct input in = {0};
    int rc = rpc_worker_new(e, &w);
    if (rc == 0) {
        rpc_worker_count(w, s->counters);
        rpc_worker_leaf(w, s->leaf);
        if (s->stdio)
            rpc_worker_stdio(w);
        rc = serve(s, w, &in);
        rpc_worker_free(w);
    }
    if (rc == PTRD_ENOMEM)
        log_limited(s->log, "%s: connection closed: %s", s->peer, ptrd_strerror(rc));
    free(in.bytes);
    return rc;
}
