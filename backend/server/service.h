/* The service manager's two protocols, without its library: readiness (sd_notify(3)) and socket
 * activation (sd_listen_fds(3)). Both do nothing when the environment does not ask for them. */
#ifndef PTRD_SERVER_SERVICE_H
#define PTRD_SERVER_SERVICE_H

#include "ptrd/core/compiler.h"

/* state: "READY=1", "STOPPING=1", ... A manager that does not listen is no error of ours. */
void service_notify(const char *state) PTRD_NONNULL;

/* The listening Unix stream socket that was handed over, or -1. */
int service_socket(void);

#endif
