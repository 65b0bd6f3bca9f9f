/* What a daemon has to do with whom started it. The service manager's two protocols, without its
 * library: readiness (sd_notify(3)) and socket activation (sd_listen_fds(3)); both do nothing when
 * the environment does not ask for them. */
#ifndef PTRD_SERVICE_SERVICE_H
#define PTRD_SERVICE_SERVICE_H

#include "ptrd/core/compiler.h"

/* state: "READY=1", "STOPPING=1", ... A manager that does not listen is no error of ours. */
void service_notify(const char *state) PTRD_NONNULL;

/* The listening Unix stream socket that was handed over, or -1. */
int service_socket(void);

/* To be called first: a standard stream that was closed would be the next file that is opened, and
 * lines of the log would go into the store. */
void service_fill_standard_streams(void);

#endif
