#include "connections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

/* Frames of rpc and resolve are a few kB, jansson's recursion is bounded by SCAN_DEPTH_MAX; the
 * rest is for libc and sanitizers. Pages that are not touched cost nothing. */
#define STACK_SIZE (512u << 10)

struct connection {
    struct connection *next, *previous;
    struct connections *all;
    pthread_t thread;
    int fd;
    char peer[64];
};

int connections_init(struct connections *c, struct engine *e, const struct server_config *config,
                     struct log_limit *log)
{
    pthread_condattr_t attr;
    *c = (struct connections){
        .engine = e, .max = config->connections_max, .leaf = config->leaf, .log = log};
    int rc = rpc_counters_new(&c->counters);
    if (rc < 0)
        return rc;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->ended, &attr);
    pthread_condattr_destroy(&attr);
    return 0;
}

void connections_done(struct connections *c)
{
    pthread_cond_destroy(&c->ended);
    pthread_mutex_destroy(&c->lock);
    rpc_counters_free(c->counters);
}

static void name_peer(struct connection *c)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        peer = (struct ucred){0};
    snprintf(c->peer, sizeof c->peer, "client process %ld (user %lu)", (long)peer.pid,
             (unsigned long)peer.uid);
}

static void insert(struct connections *all, struct connection *c)
{
    pthread_mutex_lock(&all->lock);
    c->next = all->first;
    if (all->first)
        all->first->previous = c;
    all->first = c;
    all->count++;
    pthread_mutex_unlock(&all->lock);
}

/* With the lock held. Closing in it: connections_cut never meets a descriptor that has a new owner.
 */
static void take_out(struct connection *c)
{
    struct connections *all = c->all;
    if (c->previous)
        c->previous->next = c->next;
    else
        all->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    close(c->fd);
    all->count--;
}

static void end(struct connection *c)
{
    struct connections *all = c->all;
    pthread_mutex_lock(&all->lock);
    take_out(c);
    c->next = all->over;
    all->over = c;
    pthread_cond_signal(&all->ended);
    pthread_mutex_unlock(&all->lock);
}

void connections_reap(struct connections *all)
{
    pthread_mutex_lock(&all->lock);
    struct connection *over = all->over;
    all->over = NULL;
    pthread_mutex_unlock(&all->lock);
    while (over) {
        struct connection *next = over->next;
        pthread_join(over->thread, NULL);
        free(over);
        over = next;
    }
}

static void *thread_main(void *arg)
{
    struct connection *c = arg;
    const struct connections *all = c->all;
    const struct stream s = {c->fd, c->fd, c->peer, all->log, all->counters, all->leaf, false};
    (void)!stream_serve(&s, all->engine); /* it has logged */
    end(c);
    return NULL;
}

static int start_thread(struct connection *c)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return -rc;
    rc = pthread_attr_setstacksize(&attr, STACK_SIZE);
    if (rc == 0)
        rc = pthread_create(&c->thread, &attr, thread_main, c);
    pthread_attr_destroy(&attr);
    return -rc;
}

static bool is_full(struct connections *all)
{
    pthread_mutex_lock(&all->lock);
    bool full = all->count >= all->max;
    pthread_mutex_unlock(&all->lock);
    return full;
}

static void never_started(struct connection *c)
{
    pthread_mutex_lock(&c->all->lock);
    take_out(c);
    pthread_mutex_unlock(&c->all->lock);
    free(c);
}

int connections_start(struct connections *all, int fd)
{
    connections_reap(all);
    if (is_full(all)) {
        close(fd);
        return PTRD_ELIMIT;
    }
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return PTRD_ENOMEM;
    }
    c->all = all;
    c->fd = fd;
    name_peer(c);
    insert(all, c);
    int rc = start_thread(c);
    if (rc < 0)
        never_started(c);
    return rc;
}

void connections_set_max(struct connections *c, unsigned max)
{
    c->max = max;
}

static void shutdown_all(struct connections *c, int how)
{
    pthread_mutex_lock(&c->lock);
    for (struct connection *one = c->first; one; one = one->next)
        shutdown(one->fd, how);
    pthread_mutex_unlock(&c->lock);
}

void connections_end_input(struct connections *c)
{
    shutdown_all(c, SHUT_RD);
}

void connections_cut(struct connections *c)
{
    shutdown_all(c, SHUT_RDWR);
}

bool connections_wait(struct connections *c, unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&c->lock);
    int rc = 0;
    while (c->count > 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&c->ended, &c->lock, &until);
    bool all_ended = c->count == 0;
    pthread_mutex_unlock(&c->lock);
    connections_reap(c);
    return all_ended;
}
