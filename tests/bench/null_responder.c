/* The smallest server that PowerDNS's remote backend works with: the floor under ptrd.
 *
 *     bench_null_responder --socket PATH --mode conventional|ents|leaf --zone NAME[:TYPE] ...
 *
 * A thread a connection; a request is one read, a few comparisons at the places where
 * PowerDNS 4.7.3 writes its values, and one write. Nothing is looked up or computed: every
 * full-length name below a reverse zone has the same PTR, every name below another zone the same A
 * or AAAA (TYPE; AAAA otherwise). Zones have the ids 1, 2, ... in the order given, and the first
 * that encloses a name has it. `conventional` has nothing at the labels between apex and address,
 * which denies that they exist: wrong (RFC 8020), and the least that PowerDNS can read. `ents` has
 * an empty non-terminal there, as a server must that is asked label by label. `leaf` answers a
 * full-length reverse name as its own apex. No edits, keys or metadata. Ends by a signal. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ZONES_MAX 64
#define REQUEST_SIZE 8192
#define REPLY_SIZE 16384
#define STACK_SIZE (256u << 10)

#define V4_NAME_LABELS 6
#define V6_NAME_LABELS 34

static const char soa[] = "ns1.isp.example hostmaster.isp.example 1700000000 10800 3600 604800 300";
static const char ptr[] = "2001-0db8-0000-0000-0000-0000-0000-0025.dyn.isp.example";

struct zone {
    char name[256]; /* with its final dot, lower case */
    size_t len;
    unsigned labels; /* of a full-length name; 0: a forward zone */
    const char *type, *content;
    char id[8];
};

static struct zone zones[ZONES_MAX];
static unsigned zone_count;
static bool leaves, ents;

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "null_responder: %s: %s\n", what, detail);
    exit(1);
}

/* --- a reply --- */

struct reply {
    char bytes[REPLY_SIZE];
    size_t len;
};

static void put(struct reply *r, const char *bytes, size_t len)
{
    if (len > sizeof r->bytes - r->len)
        len = 0;
    memcpy(r->bytes + r->len, bytes, len);
    r->len += len;
}

static void put_text(struct reply *r, const char *text)
{
    put(r, text, strlen(text));
}

/* Text between the quotes that open at `at`. */
struct text {
    const char *at;
    size_t len;
};

static struct text text_at(const char *at, const char *end)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));
    return (struct text){at, quote ? (size_t)(quote - at) : 0};
}

static void put_row(struct reply *r, const struct zone *z, struct text qname, const char *type,
                    const char *content)
{
    if (r->bytes[r->len - 1] == '}')
        put_text(r, ",");
    put_text(r, "{\"qtype\":\"");
    put_text(r, type);
    put_text(r, "\",\"qname\":\"");
    put(r, qname.at, qname.len);
    put_text(r, "\",\"content\":\"");
    put_text(r, content);
    put_text(r, "\",\"ttl\":3600,\"domain_id\":");
    put_text(r, z->id);
    put_text(r, "}");
}

/* --- lookup --- */

static bool is_type(struct text qtype, const char *type)
{
    return strlen(type) == qtype.len && memcmp(qtype.at, type, qtype.len) == 0;
}

static bool wants(struct text qtype, const char *type)
{
    return is_type(qtype, type) || is_type(qtype, "ANY");
}

static const struct zone *zone_of(struct text qname)
{
    for (unsigned i = 0; i < zone_count; i++) {
        const struct zone *z = &zones[i];
        size_t above = qname.len - z->len;
        if (qname.len >= z->len && strncasecmp(qname.at + above, z->name, z->len) == 0 &&
            (above == 0 || qname.at[above - 1] == '.'))
            return z;
    }
    return NULL;
}

/* Has the name an address's length? Every name below a forward zone counts as one. */
static bool is_full(const struct zone *z, struct text qname)
{
    unsigned labels = 0;
    if (z->labels == V6_NAME_LABELS) /* nibbles have one length, all of them */
        return qname.len == 2 * 32 + sizeof "ip6.arpa." - 1;
    for (size_t i = 0; i < qname.len; i++)
        labels += qname.at[i] == '.';
    return z->labels == 0 || labels == z->labels;
}

static void lookup(struct reply *r, struct text qname, struct text qtype)
{
    const struct zone *z = zone_of(qname);
    put_text(r, "{\"result\":[");
    if (z && qname.len == z->len) {
        if (wants(qtype, "SOA"))
            put_row(r, z, qname, "SOA", soa);
        if (wants(qtype, "NS"))
            put_row(r, z, qname, "NS", "ns1.isp.example");
    } else if (z && is_full(z, qname)) {
        if (is_type(qtype, "SOA")) {
            if (leaves && z->labels)
                put_row(r, z, qname, "SOA", soa);
        } else if (wants(qtype, z->type)) {
            put_row(r, z, qname, z->type, z->content);
        }
    } else if (z && ents && is_type(qtype, "ANY")) {
        put_row(r, z, qname, "", "");
    }
    put_text(r, "]}\n");
}

/* --- the other methods --- */

static void put_zone(struct reply *r, const struct zone *z)
{
    put_text(r, "{\"id\":");
    put_text(r, z->id);
    put_text(r, ",\"zone\":\"");
    put_text(r, z->name);
    put_text(r, "\",\"serial\":1700000000,\"kind\":\"native\"}");
}

static void all_domains(struct reply *r)
{
    put_text(r, "{\"result\":[");
    for (unsigned i = 0; i < zone_count; i++) {
        if (i > 0)
            put_text(r, ",");
        put_zone(r, &zones[i]);
    }
    put_text(r, "]}\n");
}

static void domain_info(struct reply *r, struct text name)
{
    const struct zone *z = zone_of(name);
    put_text(r, "{\"result\":");
    if (z && z->len == name.len)
        put_zone(r, z);
    else
        put_text(r, "false");
    put_text(r, "}\n");
}

static struct text value_of(const char *request, size_t len, const char *key)
{
    const char *at = memmem(request, len, key, strlen(key));
    return at ? text_at(at + strlen(key), request + len) : (struct text){request, 0};
}

static bool starts(const char *method, const char *name)
{
    return strncmp(method, name, strlen(name)) == 0;
}

static void answer(struct reply *r, const char *request, size_t len)
{
    static const char head[] = "{\"method\": \"", name_key[] = "\"name\": \"";
    const char *method = request + sizeof head - 1;
    r->len = 0;
    if (len < sizeof head || memcmp(request, head, sizeof head - 1) != 0)
        return;
    if (starts(method, "lookup\"")) {
        struct text qname = value_of(request, len, "\"qname\": \"");
        const char *rest = qname.at + qname.len; /* qtype is the next key */
        lookup(r, qname, value_of(rest, (size_t)(request + len - rest), "\"qtype\": \""));
    } else if (starts(method, "getAllDomainMetadata\"")) {
        put_text(r, "{\"result\":{}}\n");
    } else if (starts(method, "getAllDomains\"")) {
        all_domains(r);
    } else if (starts(method, "getDomainInfo\"")) {
        domain_info(r, value_of(request, len, name_key));
    } else if (starts(method, "initialize\"")) {
        put_text(r, "{\"result\":true}\n");
    } else if (starts(method, "get")) { /* keys, metadata of a kind, TSIG keys, ... */
        put_text(r, "{\"result\":[]}\n");
    } else {
        put_text(r, "{\"result\":false}\n");
    }
}

/* --- connections --- */

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char request[REQUEST_SIZE];
    struct reply r;
    size_t len = 0;
    ssize_t n;
    while (len < sizeof request - 1 &&
           (n = read(fd, request + len, sizeof request - 1 - len)) > 0) {
        len += (size_t)n;
        if (request[len - 1] != '\n')
            continue;
        request[len] = '\0';
        answer(&r, request, len);
        len = 0;
        if (r.len == 0 || !write_all(fd, r.bytes, r.len))
            break;
    }
    close(fd);
    return NULL;
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path)
        give_up(path, "too long for a socket");
    memcpy(addr.sun_path, path, strlen(path) + 1);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 1024) < 0)
        give_up(path, strerror(errno));
    return fd;
}

static void add_zone(char *text)
{
    if (zone_count == ZONES_MAX)
        give_up(text, "too many zones");
    struct zone *z = &zones[zone_count++];
    char *type = strchr(text, ':');
    if (type)
        *type++ = '\0';
    size_t len = strlen(text);
    if (len == 0 || len > sizeof z->name - 2)
        give_up(text, "no zone name");
    for (size_t i = 0; i < len; i++)
        z->name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    if (z->name[len - 1] != '.')
        z->name[len++] = '.';
    z->len = len;
    snprintf(z->id, sizeof z->id, "%u", zone_count);
    bool v6 = len >= 9 && strcmp(z->name + len - 9, "ip6.arpa.") == 0;
    bool v4 = len >= 13 && strcmp(z->name + len - 13, "in-addr.arpa.") == 0;
    z->labels = v6 ? V6_NAME_LABELS : v4 ? V4_NAME_LABELS : 0;
    z->type = v6 || v4 ? "PTR" : type && strcmp(type, "A") == 0 ? "A" : "AAAA";
    z->content = v6 || v4 ? ptr : z->type[1] ? "2001:db8::25" : "198.51.100.7";
}

int main(int argc, char **argv)
{
    const char *path = NULL, *mode = "conventional";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--socket") == 0)
            path = argv[i + 1];
        else if (strcmp(argv[i], "--mode") == 0)
            mode = argv[i + 1];
        else if (strcmp(argv[i], "--zone") == 0)
            add_zone(argv[i + 1]);
        else
            give_up(argv[i], "unknown option");
    }
    leaves = strcmp(mode, "leaf") == 0;
    ents = strcmp(mode, "ents") == 0;
    bool known = leaves || ents || strcmp(mode, "conventional") == 0;
    if (!path || !zone_count || argc % 2 == 0 || !known)
        give_up("usage", "--socket PATH --mode conventional|ents|leaf --zone NAME[:TYPE] ...");
    int listener = listen_at(path);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd) != 0)
            give_up(path, strerror(errno));
    }
}
