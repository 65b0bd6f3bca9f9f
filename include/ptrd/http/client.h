/* Requests over HTTP (the only user of libcurl is admin/http).
 *
 * A client keeps its connection where the server does. It follows no redirects, takes no proxy from
 * the environment, and speaks http and https only; certificates are checked as libcurl does it. The
 * secret header is sent and never printed. One thread at a time. */
#ifndef PTRD_HTTP_CLIENT_H
#define PTRD_HTTP_CLIENT_H

#include "ptrd/core/error.h"

struct http_client;

/* secret: one header line ("X-API-Key: ..."), copied, or NULL. PTRD_EINVAL: it holds a control
 * character. PTRD_ENOMEM. */
PTRD_CHECKED int http_client_new(const char *secret, struct http_client **out) PTRD_NONNULL_ARGS(2);
void http_client_free(struct http_client *c);

/* What requests have cost so far. */
struct http_counts {
    uint64_t requests, connections, sent, received; /* octets, headers included */
};
void http_client_counts(const struct http_client *c, struct http_counts *out) PTRD_NONNULL;

/* PUT without a body; timeout_ms: of the whole request. 0: answered with 200 or 204. Else
 * PTRD_EINVAL (another status: diag has it, and the begin of what the server says), -ETIMEDOUT or
 * -ECONNREFUSED or -EIO (no answer: diag has the reason), PTRD_ENOMEM. */
PTRD_CHECKED int http_put(struct http_client *c, const char *url, unsigned timeout_ms,
                          struct diag *diag) PTRD_NONNULL;

#endif
