#include <string.h>

#include "ptrd/rpc/rpc.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* PowerDNS ends each request with a newline and writes none inside: its JSON has no raw newline. */
long rpc_frame(const char *buf, size_t len, size_t max)
{
    size_t start = 0;
    while (start < len && is_blank(buf[start]))
        start++;
    const char *end = start < len ? memchr(buf + start, '\n', len - start) : NULL;
    size_t frame = end ? (size_t)(end - buf) + 1 : len;
    if (frame > max || (!end && frame == max))
        return PTRD_ELIMIT;
    return end ? (long)frame : 0;
}
