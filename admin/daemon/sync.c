#include "ptrd/daemon/daemon.h"
#include "ptrd/service/service.h"
#include "ptrd/sync/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void log_sync(void *ctx, const char *line)
{
    (void)ctx;
    daemon_log("%s", line);
}

static void tell_systemd(void *ctx)
{
    (void)ctx;
    service_notify("READY=1");
}

static void log_flush(void *ctx, const char *server, const char *error)
{
    (void)ctx;
    if (error)
        daemon_log("%s does not forget what changed: %s; trying again", server, error);
    else
        daemon_log("%s is reached again", server);
}

/* Threads that are started later have these signals blocked too. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int start_flusher(const struct daemon_options *o, struct flusher **out, struct diag *diag)
{
    const struct flusher_config config = {.servers = o->servers,
                                          .count = o->server_count,
                                          .timeout_ms = FLUSH_TIMEOUT_MS,
                                          .repeat_ms = FLUSH_REPEAT_MS,
                                          .changed = log_flush};
    struct purge_set *all = purge_set_new();
    int err = all ? flusher_new(&config, out, diag) : diag_set(diag, PTRD_ENOMEM, "no memory");
    /* what was committed before this program started may not have been flushed */
    if (!err) {
        purge_add_all(all);
        flusher_add(*out, all);
    }
    purge_set_free(all);
    return err;
}

int daemon_sync(const struct daemon_options *o)
{
    struct flusher *flusher = NULL;
    struct sync *s = NULL;
    struct diag diag = {.file = NULL};
    int fd = open_signals();
    int err = fd < 0 ? diag_set(&diag, fd, "signals: %s", ptrd_strerror(fd)) : 0;
    if (!err && o->server_count)
        err = start_flusher(o, &flusher, &diag);
    const struct sync_config config = {.db = o->db,
                                       .conninfo = o->postgres,
                                       .node = o->node,
                                       .poll_ms = o->poll_ms,
                                       .idle_ms = o->idle_ms,
                                       .flusher = flusher,
                                       .servers = o->server_count,
                                       .keep_changes_h = o->keep_changes_h,
                                       .upkeep_s = o->upkeep_s,
                                       .log = log_sync,
                                       .ready = tell_systemd};
    if (!err)
        err = sync_new(&config, &s, &diag);
    if (!err)
        sync_run(s, fd);
    else
        daemon_log("%s", diag.message);
    sync_free(s);
    flusher_free(flusher);
    if (fd >= 0)
        close(fd);
    return err ? 1 : 0;
}
