/* Parameters of a request, as jansson read them. What is missing or of another type is PTRD_EINVAL
 * with diag: PowerDNS never sends that, and the connection is closed. */
#ifndef PTRD_RPC_PARAMS_H
#define PTRD_RPC_PARAMS_H

#include <jansson.h>

#include "ptrd/store/records.h"

/* The bytes live as long as parameters, and are NUL-terminated. */
PTRD_CHECKED int param_text(const json_t *parameters, const char *key, struct span *out,
                            struct diag *diag) PTRD_NONNULL_ARGS(2, 3, 4);
PTRD_CHECKED int param_name(const json_t *parameters, const char *key, struct name *out,
                            struct diag *diag) PTRD_NONNULL_ARGS(2, 3, 4);
/* A whole number between min and max, or a string of one. */
struct param_range {
    int64_t min, max;
};
PTRD_CHECKED int param_integer(const json_t *parameters, const char *key, struct param_range range,
                               int64_t *out, struct diag *diag) PTRD_NONNULL_ARGS(2, 4, 5);

#endif
