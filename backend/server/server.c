#include "ptrd/server/server.h"
#include "ptrd/service/service.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "connections.h"
#include "listen.h"
#include "log.h"

#define TICK_MS 1000
#define HOUSEKEEPING_TICKS 60
#define ACCEPT_PAUSE_MS 100   /* after an accept that failed for want of descriptors or memory */
#define DESCRIPTORS_BESIDE 64 /* store, logs, listening socket */

struct server {
    struct server_config config;
    struct engine *engine;
    struct listener listener;
    struct connections connections;
    struct log_limit log;
    int signal_fd;
    unsigned ticks;
    int64_t tick_ms; /* when the next one is due */
    bool paused;     /* accepting, for ACCEPT_PAUSE_MS */
    bool stopping;
};

/* A thread a connection also means a descriptor a connection. */
static void raise_descriptor_limit(const struct server_config *config)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->connections_max + DESCRIPTORS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        log_line("only %llu open files are allowed, so fewer than connections-max %u clients "
                 "(raise LimitNOFILE)",
                 (unsigned long long)limit.rlim_cur, config->connections_max);
}

static void accept_failed(struct server *s, int error)
{
    /* the client gave up between connect and accept */
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
        return;
    log_limited(&s->log, "cannot accept a connection: %s", strerror(error));
    s->paused = true;
}

static void accept_one(struct server *s)
{
    int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        accept_failed(s, errno);
        return;
    }
    int rc = connections_start(&s->connections, fd);
    if (rc == 0)
        return;
    if (rc == PTRD_ELIMIT)
        log_limited(&s->log, "a connection refused: connections-max %u is reached",
                    s->connections.max);
    else
        log_limited(&s->log, "a connection refused: no thread: %s", ptrd_strerror(rc));
}

static void reload(struct server *s)
{
    if (s->config.reload)
        s->config.reload(s->config.reload_ctx, &s->config);
    connections_set_max(&s->connections, s->config.connections_max);
    raise_descriptor_limit(&s->config);
}

static void take_signal(struct server *s)
{
    struct signalfd_siginfo info;
    if (read(s->signal_fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGHUP)
        reload(s);
    else
        s->stopping = true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Once in TICK_MS, also while clients come and go without a pause. */
static void tick(struct server *s)
{
    int64_t now = now_ms();
    if (now < s->tick_ms)
        return;
    s->tick_ms = now + TICK_MS;
    engine_tick(s->engine);
    connections_reap(&s->connections);
    if (++s->ticks % HOUSEKEEPING_TICKS == 0)
        (void)!store_clear_dead_readers(engine_store(s->engine));
}

static void serve(struct server *s)
{
    while (!s->stopping) {
        struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN},
                               {.fd = s->listener.fd, .events = POLLIN}};
        int n = poll(fds, s->paused ? 1 : 2, s->paused ? ACCEPT_PAUSE_MS : TICK_MS);
        s->paused = false;
        tick(s);
        if (n > 0 && fds[0].revents)
            take_signal(s);
        if (n > 0 && fds[1].revents)
            accept_one(s);
    }
}

/* False when threads still run: the engine must then not be closed. */
static bool drain(struct server *s)
{
    service_notify("STOPPING=1");
    listener_close(&s->listener);
    connections_end_input(&s->connections);
    if (connections_wait(&s->connections, s->config.drain_ms))
        return true;
    log_line("requests or unread replies outlast drain-ms %u: their connections are cut",
             s->config.drain_ms);
    connections_cut(&s->connections);
    return connections_wait(&s->connections, s->config.drain_ms);
}

static int open_listener(struct server *s, struct diag *diag)
{
    int fd = service_socket();
    if (fd >= 0)
        return listener_take(fd, &s->listener, diag);
    if (!s->config.socket_path)
        return diag_set(diag, PTRD_EINVAL, "no socket path, and none from the service manager");
    return listener_open(s->config.socket_path, s->config.socket_mode, s->config.socket_group,
                         &s->listener, diag);
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread: they inherit it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A large reply's memory goes back to the system when it is freed. Left to itself, glibc raises the
 * threshold with the first such reply and keeps the memory of all later ones, in each arena. */
static void settle_malloc(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int server_run(const struct server_config *config, struct engine *e)
{
    struct server s = {.config = *config, .engine = e};
    struct diag diag = {0};
    settle_malloc();
    s.signal_fd = open_signals();
    if (s.signal_fd < 0 || open_listener(&s, &diag) < 0) {
        log_line("%s", s.signal_fd < 0 ? "no signal descriptor" : diag.message);
        if (s.signal_fd >= 0)
            close(s.signal_fd);
        return 1;
    }
    log_limit_init(&s.log);
    raise_descriptor_limit(config);
    (void)!store_clear_dead_readers(engine_store(e));
    if (connections_init(&s.connections, e, config, &s.log) < 0) {
        log_line("no memory");
        log_limit_done(&s.log);
        listener_close(&s.listener);
        close(s.signal_fd);
        return 1;
    }
    log_line("listening on %s", s.listener.path ? s.listener.path : "the service manager's socket");
    service_notify("READY=1");
    serve(&s);
    bool ended = drain(&s);
    log_limit_done(&s.log);
    close(s.signal_fd);
    if (!ended) {
        log_line("threads still at work: leaving without them");
        _exit(0);
    }
    connections_done(&s.connections);
    log_line("stopped");
    return 0;
}
