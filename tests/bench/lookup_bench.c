/* Asks a store prepared questions, each kind of question ("group") by itself.
 *
 *     bench_lookup_bench DB QUESTIONS ROUNDS
 *
 * QUESTIONS has lines `= LABEL WHAT`, each followed by its questions `NAME TYPE APEX EXPECTED`:
 * WHAT is
 * - reply: rpc_frame and rpc_handle, request bytes to reply bytes, in PowerDNS's own spelling
 * - wire: a packet with EDNS to its answer over UDP, in a snapshot of its own: ptrd_answer of
 * libptrd but for its counters
 * - forward: table_forward alone, NAME -> addresses
 * - below: table_forward_below alone, does a generated name lie below NAME
 * - block: table_block_for alone, NAME is an address, longest match
 * and
 *   APEX          the zone whose id is sent, `-` for -1
 *   EXPECTED      row, ent or empty (wire: an answer, NODATA, NXDOMAIN): a wrong one ends the
 * program with status 1 Every question is asked once, and its answer checked, before its group is
 * measured. callgrind collects only inside bench_measured and dumps at bench_group_end, so that its
 * parts are in turn the warm-up and the measurement of each group (figures.py gives the options);
 * without valgrind the nanoseconds printed are those of ROUNDS rounds. Lines of JSON go to stdout.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ptrd/rpc/rpc.h"
#include "ptrd/wire/wire.h"

enum what { WHAT_REPLY, WHAT_WIRE, WHAT_FORWARD, WHAT_BELOW, WHAT_BLOCK, WHATS };
static const char *const what_words[WHATS] = {"reply", "wire", "forward", "below", "block"};

#define PACKET_SIZE 1500

struct asked {
    char request[512];
    size_t len;
    struct name name;
    struct addr addr;
    char expected; /* first letter of row, ent, empty: 'r', 'n' (ent), 'm' (empty) */
};

struct bench {
    struct engine *engine;
    struct snapshot snapshot, asking; /* one a group, and one a packet */
    struct answer answer;
    uint8_t packet[PACKET_SIZE];
    struct rpc_worker *worker;
    struct asked *asked;
    unsigned count, capacity, rounds;
    enum what what;
    char label[64];
    const char *reply;
    size_t reply_len;
};

/* Named in options of callgrind: not inlined, not cloned. */
unsigned bench_measured(struct bench *b, const struct asked *q);
void bench_group_end(struct bench *b);

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "lookup_bench: %s: %s\n", what, detail);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- asking ----------------------------------------------------------------------------------- */

static unsigned ask_reply(struct bench *b, const struct asked *q)
{
    struct diag diag;
    long frame = rpc_frame(q->request, q->len, RPC_FRAME_MAX);
    if (frame <= 0 || rpc_handle(b->worker, q->request, (size_t)frame, &b->reply, &b->reply_len,
                                 &diag) != RPC_REPLY)
        give_up(q->request, "not answered");
    return (unsigned)b->reply_len;
}

/* The packet was read from a socket, so its first octets are at hand. */
static unsigned ask_wire(struct bench *b, const struct asked *q)
{
    struct wire_query query;
    memcpy(b->packet, q->request, q->len);
    if (wire_read(b->packet, q->len, &query) != PTRD_FOUND || snapshot_begin(&b->asking) < 0)
        return 0;
    int len = wire_answer(&b->asking, &query, b->packet, PACKET_SIZE, false, &b->answer);
    snapshot_end(&b->asking);
    return len > 0 ? (unsigned)len : 0;
}

__attribute__((noinline)) unsigned bench_measured(struct bench *b, const struct asked *q)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    switch (b->what) {
    case WHAT_REPLY:
        return ask_reply(b, q);
    case WHAT_WIRE:
        return ask_wire(b, q);
    case WHAT_FORWARD:
        return table_forward(b->snapshot.table, &q->name, addrs, blocks);
    case WHAT_BELOW:
        return table_forward_below(b->snapshot.table, &q->name);
    case WHAT_BLOCK:
        return table_block_for(b->snapshot.table, &q->addr) != NULL;
    case WHATS:
        break;
    }
    return 0;
}

__attribute__((noinline)) void bench_group_end(struct bench *b)
{
    __asm__ volatile("" : : "r"(b) : "memory");
}

static char said_reply(const struct bench *b)
{
    static const char row[] = "{\"result\":[{\"qtype\":\"", ent[] = "{\"result\":[{\"qtype\":\"\"";
    if (b->reply_len > sizeof ent && memcmp(b->reply, ent, sizeof ent - 1) == 0)
        return 'n';
    return b->reply_len > sizeof row && memcmp(b->reply, row, sizeof row - 1) == 0 ? 'r' : 'm';
}

static char said_wire(const struct bench *b, unsigned len)
{
    if (len == 0)
        return '?';
    return b->packet[7] ? 'r' : (b->packet[3] & 15) == 0 ? 'n' : 'm';
}

static void check(const struct bench *b, const struct asked *q, unsigned result)
{
    char is = result ? 'r' : 'm';
    if (b->what == WHAT_BELOW && result)
        is = 'n';
    else if (b->what == WHAT_REPLY)
        is = said_reply(b);
    else if (b->what == WHAT_WIRE)
        is = said_wire(b, result);
    if (is == q->expected)
        return;
    fprintf(stderr, "lookup_bench: group `%s`: expected %c, found %c\n%s", b->label, q->expected,
            is, b->what == WHAT_WIRE ? "" : q->request);
    if (b->what == WHAT_REPLY)
        fwrite(b->reply, 1, b->reply_len, stderr);
    exit(1);
}

static void run_group(struct bench *b)
{
    unsigned sink = 0;
    if (b->count == 0)
        return;
    int err = snapshot_begin(&b->snapshot);
    if (err < 0)
        give_up("snapshot", ptrd_strerror(err));
    for (unsigned i = 0; i < b->count; i++)
        check(b, &b->asked[i], bench_measured(b, &b->asked[i]));
    bench_group_end(b);
    double start = now_s();
    for (unsigned round = 0; round < b->rounds; round++)
        for (unsigned i = 0; i < b->count; i++)
            sink += bench_measured(b, &b->asked[i]);
    double taken_s = now_s() - start;
    snapshot_end(&b->snapshot);
    bench_group_end(b);
    printf("{\"label\": \"%s\", \"what\": \"%s\", \"count\": %u, \"ns\": %.1f, \"sink\": %u}\n",
           b->label, what_words[b->what], b->count, taken_s * 1e9 / b->rounds / b->count, sink);
    b->count = 0;
}

/* --- questions -------------------------------------------------------------------------------- */

static void begin_group(struct bench *b, char *line)
{
    char what[16];
    if (sscanf(line, "= %63s %15s", b->label, what) != 2)
        give_up(line, "not a group");
    for (unsigned i = 0; i < WHATS; i++)
        if (strcmp(what, what_words[i]) == 0) {
            b->what = (enum what)i;
            return;
        }
    give_up(line, "unknown kind of group");
}

static long zone_id(struct bench *b, const char *apex)
{
    struct name name;
    if (strcmp(apex, "-") == 0)
        return -1;
    if (name_parse(apex, strlen(apex), &name, NULL) < 0 || snapshot_begin(&b->snapshot) < 0)
        give_up(apex, "no zone");
    const struct zone *zone = table_zone_for(b->snapshot.table, &name);
    if (!zone || !name_equal(&zone->apex, &name))
        give_up(apex, "no zone of the store");
    long id = (long)zone->id;
    snapshot_end(&b->snapshot);
    return id;
}

static size_t put_packet(char *out, const struct name *name, const char *type)
{
    static const uint8_t header[12] = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1},
                         opt[11] = {0, 0, 41, 1232 >> 8, 1232 & 255};
    uint16_t number;
    size_t at = sizeof header;
    if (rrtype_parse(type, strlen(type), &number) < 0)
        give_up(type, "no type");
    const uint8_t end[4] = {(uint8_t)(number >> 8), (uint8_t)number, 0, 1};
    memcpy(out, header, sizeof header);
    memcpy(out + at, name->wire, name->len);
    memcpy(out + at + name->len, end, sizeof end);
    at += name->len + sizeof end;
    memcpy(out + at, opt, sizeof opt);
    return at + sizeof opt;
}

static void add_question(struct bench *b, char *line)
{
    char name[256], type[24], apex[256], expected[16];
    if (sscanf(line, "%255s %23s %255s %15s", name, type, apex, expected) != 4)
        give_up(line, "not a question");
    if (b->count == b->capacity) {
        b->capacity = b->capacity ? b->capacity * 2 : 256;
        b->asked = realloc(b->asked, b->capacity * sizeof *b->asked);
        if (!b->asked)
            give_up("questions", "no memory");
    }
    struct asked *q = &b->asked[b->count++];
    memset(q, 0, sizeof *q);
    q->expected = expected[0] == 'r' ? 'r' : expected[1];
    int err = b->what == WHAT_BLOCK ? addr_parse(name, strlen(name), &q->addr)
                                    : name_parse(name, strlen(name), &q->name, NULL);
    if (err < 0)
        give_up(line, "bad name or address");
    if (b->what == WHAT_WIRE) {
        q->len = put_packet(q->request, &q->name, type);
        return;
    }
    int n =
        strncmp(type, "get", 3) == 0
            ? snprintf(q->request, sizeof q->request,
                       "{\"method\": \"%s\", \"parameters\": {\"name\": \"%s\"}}\n", type, name)
            : snprintf(q->request, sizeof q->request,
                       "{\"method\": \"lookup\", \"parameters\": {\"local\": \"127.0.0.1\", "
                       "\"qname\": \"%s\", \"qtype\": \"%s\", \"real-remote\": \"127.0.0.1/32\", "
                       "\"remote\": \"127.0.0.1\", \"zone-id\": %ld}}\n",
                       name, type, zone_id(b, apex));
    if (n < 0 || (size_t)n >= sizeof q->request)
        give_up(line, "too long");
    q->len = (size_t)n;
}

static void run_file(struct bench *b, const char *path)
{
    char line[1024];
    FILE *in = fopen(path, "r");
    if (!in)
        give_up(path, strerror(errno));
    while (fgets(line, sizeof line, in)) {
        if (line[0] == '=') {
            run_group(b);
            begin_group(b, line);
        } else {
            add_question(b, line);
        }
    }
    fclose(in);
    run_group(b);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct diag diag = {0};
    if (argc != 4 || (b.rounds = (unsigned)strtoul(argv[3], NULL, 10)) == 0)
        give_up("usage", "DB QUESTIONS ROUNDS");
    size_t heap = mallinfo2().uordblks + mallinfo2().hblkhd;
    double start = now_s();
    if (engine_open(argv[1], &b.engine, &diag) < 0)
        give_up(argv[1], diag.message);
    double taken_s = now_s() - start;
    heap = mallinfo2().uordblks + mallinfo2().hblkhd - heap;
    printf("{\"open_s\": %.6f, \"heap_bytes\": %zu}\n", taken_s, heap);
    answer_init(&b.answer);
    if (rpc_worker_new(b.engine, &b.worker) < 0 || snapshot_init(&b.snapshot, b.engine) < 0 ||
        snapshot_init(&b.asking, b.engine) < 0)
        give_up("worker", "no memory");
    store_reader_lag(b.asking.own, STORE_LAG_US);
    rpc_worker_leaf(b.worker, LEAF_IPV6);
    run_file(&b, argv[2]);
    rpc_worker_free(b.worker);
    snapshot_done(&b.asking);
    snapshot_done(&b.snapshot);
    answer_done(&b.answer);
    engine_close(b.engine);
    free(b.asked);
    return 0;
}
