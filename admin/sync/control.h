/* Private to admin/sync: PowerDNS's control socket, as pdns_control speaks to it. */
#ifndef PTRD_SYNC_CONTROL_H
#define PTRD_SYNC_CONTROL_H

#include "ptrd/sync/flush.h"

#include <stdatomic.h>

/* As flush_now; cancelled: looked at before each request. */
PTRD_CHECKED int control_flush(const char *path, atomic_bool *cancelled, struct purge_set *set,
                               unsigned timeout_ms, struct flush_counts *counts,
                               struct diag *diag) PTRD_NONNULL;

/* "isp.example.", or with everything below "isp.example.$": the final dot keeps a label's own `$`
 * apart. */
#define PURGE_TEXT_SIZE (NAME_TEXT_SIZE + 2)
size_t purge_print(const struct purge *p, char out[PURGE_TEXT_SIZE]) PTRD_NONNULL;

#endif
