/* The floor of the front mode: a library with the calls of libptrd that dnsdist's configuration
 * makes, whose ptrd_answer looks nothing up. It writes an answer of the same kind and size as
 * libptrd's, with the fewest steps: PTR, A and AAAA get one record, always the same; all else is
 * passed on. It trusts the packet, whose question is all but for an OPT record without options at
 * the end (what dnsperf asks). */
#include <stdlib.h>
#include <string.h>

#include "ptrd/embed/embed.h"

enum { OPT_SIZE = 11, FLAGS = 2, ANSWERS = 6, ADDITIONAL = 10 };
enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41 };

/* Owner (the question's name), type, IN, TTL 3600, size of the data. */
#define HEAD(type, size) "\xc0\x0c\0" type "\0\1\0\0\x0e\x10\0" size
/* With its final NUL: the root. */
#define TARGET                                                                                     \
    "\x27"                                                                                         \
    "2001-0db8-0000-0000-0000-0000-0000-0025"                                                      \
    "\3dyn\3isp\7example"

static const char ptr_record[] = HEAD("\x0c", "\x39") TARGET;
static const char a_record[] = HEAD("\1", "\4") "\xc0\0\2\x35";
static const char aaaa_record[] = HEAD("\x1c", "\x10") "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x25";

struct ptrd {
    char unused;
};

int ptrd_abi(void)
{
    return PTRD_ABI;
}

struct ptrd *ptrd_open(const char *dir, const char *leaf)
{
    (void)dir;
    (void)leaf;
    return calloc(1, sizeof(struct ptrd));
}

void ptrd_close(struct ptrd *h)
{
    free(h);
}

const char *ptrd_error(const struct ptrd *h)
{
    (void)h;
    return "";
}

int ptrd_generation(struct ptrd *h)
{
    (void)h;
    return 1;
}

void ptrd_count(struct ptrd_counters *out)
{
    *out = (struct ptrd_counters){0};
}

static const char *record_of(int type, size_t *size)
{
    switch (type) {
    case TYPE_PTR:
        *size = sizeof(ptr_record);
        return ptr_record;
    case TYPE_A:
        *size = sizeof(a_record) - 1;
        return a_record;
    case TYPE_AAAA:
        *size = sizeof(aaaa_record) - 1;
        return aaaa_record;
    default:
        return NULL;
    }
}

int ptrd_answer(struct ptrd *h, uint8_t *packet, size_t len, size_t capacity, int stream)
{
    (void)h;
    (void)stream;
    size_t opt = packet[ADDITIONAL + 1] ? OPT_SIZE : 0, end = len - opt, size;
    const char *record = record_of(packet[end - 3], &size);
    if (!record || packet[end - 4] || len + size > capacity || (opt && packet[end + 2] != TYPE_OPT))
        return PTRD_PASS;
    memmove(packet + end + size, packet + end, opt);
    memcpy(packet + end, record, size);
    packet[FLAGS] |= 0x84; /* QR, AA */
    packet[FLAGS + 1] = 0;
    packet[ANSWERS + 1] = 1;
    return (int)(len + size);
}
