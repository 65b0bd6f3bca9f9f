/* Whole answers to packets, and how many. */
#include <pthread.h>

#include "handle.h"
#include "ptrd/wire/wire.h"

/* --- counting --------------------------------------------------------------------------------- */

/* Each handle counts for itself, in memory that only its thread writes; these are the handles that
 * there are, and what those counted that are closed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ptrd *handles;
static struct ptrd_counters closed;

void handle_count_from(struct ptrd *h)
{
    pthread_mutex_lock(&lock);
    h->next = handles;
    handles = h;
    pthread_mutex_unlock(&lock);
}

static uint64_t seen(const counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

static void add(struct ptrd_counters *to, const struct ptrd *h)
{
    to->answered += seen(&h->answered);
    to->passed += seen(&h->passed);
    to->failed += seen(&h->failed);
}

void handle_count_until(struct ptrd *h)
{
    struct ptrd **at = &handles;
    pthread_mutex_lock(&lock);
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    add(&closed, h);
    pthread_mutex_unlock(&lock);
}

void ptrd_count(struct ptrd_counters *out)
{
    if (!out)
        return;
    pthread_mutex_lock(&lock);
    *out = closed;
    for (const struct ptrd *h = handles; h; h = h->next)
        add(out, h);
    pthread_mutex_unlock(&lock);
}

/* One thread writes it: no locked instruction is needed. */
static inline int counted(counter *c, int result)
{
    atomic_store_explicit(c, seen(c) + 1, memory_order_relaxed);
    return result;
}

/* --- answering -------------------------------------------------------------------------------- */

int ptrd_answer(struct ptrd *h, uint8_t *packet, size_t len, size_t capacity, int stream)
{
    struct wire_query q;
    if (!h)
        return PTRD_FAILED;
    h->error.message[0] = '\0';
    if (!packet || len > capacity)
        return counted(&h->failed, handle_refuse(h, "answer", PTRD_EINVAL));
    if (wire_read(packet, len, &q) != PTRD_FOUND)
        return counted(&h->passed, PTRD_PASS);
    if (handle_begin_bare(h) < 0)
        return counted(&h->failed, PTRD_FAILED);
    int size = wire_answer(&h->snapshot, &q, packet, capacity, stream != 0, &h->answer);
    snapshot_end(&h->snapshot);
    if (size < 0)
        return counted(&h->failed, handle_refuse(h, "answer", size));
    return size == PTRD_ABSENT ? counted(&h->passed, PTRD_PASS) : counted(&h->answered, size);
}
