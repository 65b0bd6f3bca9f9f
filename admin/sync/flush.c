/* One flush of one server, by its control socket or its HTTP API. */
#include "ptrd/sync/flush.h"
#include "control.h"
#include "ptrd/http/client.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_PATH "/api/v1/servers/localhost/"
#define FLUSH_PATH "cache/flush?domain="
#define ZONE_PATH "zones/"
#define NOTIFY_PATH "/notify"

struct flush_link {
    char *control;
    char *url; /* the first url_len octets are those of API_PATH's end */
    size_t url_len;
    struct http_client *http;
    atomic_bool cancelled;
};

void flush_link_free(struct flush_link *link)
{
    if (!link)
        return;
    http_client_free(link->http);
    free(link->control);
    free(link->url);
    free(link);
}

static int open_http(struct flush_link *link, const struct flush_server *server, struct diag *diag)
{
    char secret[512];
    size_t len = strlen(server->url);
    if (strncmp(server->url, "http://", 7) != 0 && strncmp(server->url, "https://", 8) != 0)
        return diag_set(diag, PTRD_EINVAL, "`%s` is no address of an HTTP API: http://HOST:PORT",
                        server->url);
    while (len && server->url[len - 1] == '/')
        len--;
    int n = snprintf(secret, sizeof secret, "X-API-Key: %s", server->api_key);
    if (n < 0 || (size_t)n >= sizeof secret)
        return diag_set(diag, PTRD_EINVAL, "the API key is too long");
    int err = http_client_new(secret, &link->http);
    explicit_bzero(secret, sizeof secret);
    if (err == PTRD_EINVAL)
        return diag_set(diag, err, "the API key holds a control character");
    link->url_len = len + strlen(API_PATH);
    /* each octet of a name may become three */
    size_t room = link->url_len + strlen(FLUSH_PATH) + 3 * PURGE_TEXT_SIZE + strlen(NOTIFY_PATH);
    link->url = err ? NULL : malloc(room);
    if (!link->url)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    memcpy(link->url, server->url, len);
    strcpy(link->url + len, API_PATH);
    return 0;
}

int flush_link_new(const struct flush_server *server, struct flush_link **out, struct diag *diag)
{
    if (!server->control == !server->url)
        return diag_set(diag, PTRD_EINVAL, "a control socket or the URL of an HTTP API");
    if (server->url && !server->api_key)
        return diag_set(diag, PTRD_EINVAL, "%s: no API key", server->url);
    struct flush_link *link = calloc(1, sizeof *link);
    if (!link)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    int err = 0;
    if (server->url)
        err = open_http(link, server, diag);
    else if (!(link->control = strdup(server->control)))
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    if (err)
        flush_link_free(link);
    else
        *out = link;
    return err;
}

void flush_link_cancel(struct flush_link *link)
{
    atomic_store(&link->cancelled, true);
}

/* --- HTTP ------------------------------------------------------------------------------------- */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."

/* All characters but those kept by their numbers, behind `escape`. */
static void put_url(struct flush_link *link, const char *path, const char *text, const char *kept,
                    char escape, const char *rest)
{
    char *out = stpcpy(link->url + link->url_len, path);
    for (; *text; text++) {
        if (strchr(kept, *text))
            *out++ = *text;
        else
            out += sprintf(out, "%c%02X", escape, (unsigned char)*text);
    }
    strcpy(out, rest);
}

static int put(struct flush_link *link, unsigned timeout_ms, struct flush_counts *counts,
               struct diag *diag)
{
    struct diag why = {.file = NULL};
    if (atomic_load(&link->cancelled))
        return diag_set(diag, -ECANCELED, "cancelled");
    int err = http_put(link->http, link->url, timeout_ms, &why);
    counts->requests++;
    return err ? diag_set(diag, err, "%s: %s", link->url, why.message) : 0;
}

static int put_purge(struct flush_link *link, const char *name, unsigned timeout_ms,
                     struct flush_counts *counts, struct diag *diag)
{
    put_url(link, FLUSH_PATH, name, LETTERS "_~", '%', ""); /* RFC 3986 2.3 */
    int err = put(link, timeout_ms, counts, diag);
    counts->purges += !err;
    return err;
}

/* Refused where PowerDNS is no primary, or knows nothing of the zone. */
static int put_notify(struct flush_link *link, const char *name, unsigned timeout_ms,
                      struct flush_counts *counts, struct diag *diag)
{
    put_url(link, ZONE_PATH, name, LETTERS, '=', NOTIFY_PATH); /* PowerDNS's "zone id" */
    int err = put(link, timeout_ms, counts, diag);
    return err == PTRD_EINVAL ? 0 : err;
}

/* A name is sent as it is: everything below goes all the same. */
static int http_item(struct flush_link *link, struct purge *p, unsigned timeout_ms,
                     struct flush_counts *counts, struct diag *diag)
{
    char text[PURGE_TEXT_SIZE];
    if (p->scope == PURGE_SERIAL)
        return 0;
    p->scope = PURGE_NAME;
    purge_print(p, text);
    int err = put_purge(link, text, timeout_ms, counts, diag);
    return err || !p->notify ? err : put_notify(link, text, timeout_ms, counts, diag);
}

static int http_flush(struct flush_link *link, struct purge_set *set, unsigned timeout_ms,
                      struct flush_counts *counts, struct diag *diag)
{
    struct purge p;
    uint32_t count = purge_count(set);
    int err = purge_all(set) ? put_purge(link, ".", timeout_ms, counts, diag) : 0;
    for (uint32_t i = 0; !err && i < count; i++) {
        purge_get(set, i, &p);
        err = http_item(link, &p, timeout_ms, counts, diag);
    }
    return err;
}

int flush_now(struct flush_link *link, struct purge_set *set, unsigned timeout_ms,
              struct flush_counts *counts, struct diag *diag)
{
    struct http_counts before, after;
    if (link->control)
        return control_flush(link->control, &link->cancelled, set, timeout_ms, counts, diag);
    http_client_counts(link->http, &before);
    int err = http_flush(link, set, timeout_ms, counts, diag);
    http_client_counts(link->http, &after);
    counts->sent += after.sent - before.sent;
    counts->received += after.received - before.received;
    return err;
}
