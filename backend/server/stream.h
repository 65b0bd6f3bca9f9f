/* One client: requests from a descriptor, replies to a descriptor, blocking, until its end. */
#ifndef PTRD_SERVER_STREAM_H
#define PTRD_SERVER_STREAM_H

#include "log.h"
#include "ptrd/rpc/rpc.h"

struct stream {
    int in, out;
    const char *peer; /* for log lines */
    struct log_limit *log;
    struct rpc_counters *counters;
    enum leaf_mode leaf;
    bool stdio; /* of the pipe connector */
};

/* Serves to the end of input or to the first request that closes the connection. 0: end of input;
 * else an error, logged. SIGPIPE must be ignored. The descriptors stay open. */
PTRD_CHECKED int stream_serve(const struct stream *s, struct engine *e) PTRD_NONNULL;

#endif
