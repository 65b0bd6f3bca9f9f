/* Whole answers in a packet that its host keeps to itself. */
#include "ptrd/embed/embed.h"
#include "ptrd/wire/wire.h"

/* Enough for any RRset that a name is likely to have; what is larger is passed on. */
enum { STREAM_ROOM = 4096 };

static int answer(struct ptrd *h, const struct ptrd_host *host, void *question)
{
    size_t len = host->len(question);
    bool stream = host->stream(question);
    size_t room = stream ? STREAM_ROOM : WIRE_UDP_MAX;
    if (room < len || !host->resize(question, room))
        room = len;
    /* resize may have moved it */
    int size = ptrd_answer(h, host->packet(question), len, room, stream);
    (void)host->resize(question, size > 0 ? (size_t)size : len); /* a shorter one: it fits */
    return size;
}

int ptrd_answer_in(struct ptrd *h, const struct ptrd_host *host, void *question)
{
    if (!h || !host || !host->len || !host->packet || !host->resize || !host->stream)
        return PTRD_FAILED;
    return answer(h, host, question);
}
