#include "ptrd/http/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX 200 /* of what a server says of a failure */

struct http_client {
    CURL *curl;
    struct curl_slist *headers;
    struct http_counts counts;
    char said[SAID_MAX + 1];
    size_t said_len;
    char error[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_once(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* What is printable of the begin; the rest is read and let go. */
static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct http_client *c = ctx;
    for (size_t i = 0; i < size * n && c->said_len < SAID_MAX; i++)
        c->said[c->said_len++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : ' ';
    c->said[c->said_len] = '\0';
    return size * n;
}

static bool set_options(struct http_client *c)
{
    return curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, "PUT") == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers) == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c) == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && /* threads */
           curl_easy_setopt(c->curl, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer;
}

/* A line break would begin a header of somebody else's choice. */
static bool is_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return false;
    return true;
}

int http_client_new(const char *secret, struct http_client **out)
{
    if (secret && !is_line(secret))
        return PTRD_EINVAL;
    pthread_once(&once, init_once);
    struct http_client *c = calloc(1, sizeof *c);
    if (!c)
        return PTRD_ENOMEM;
    c->curl = curl_easy_init();
    bool ready = c->curl && append(&c->headers, "Content-Length: 0") &&
                 (!secret || append(&c->headers, secret)) && set_options(c);
    if (!ready) {
        http_client_free(c);
        return PTRD_ENOMEM;
    }
    *out = c;
    return 0;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->headers);
    free(c);
}

void http_client_counts(const struct http_client *c, struct http_counts *out)
{
    *out = c->counts;
}

static void count(struct http_client *c)
{
    long connections = 0, head_sent = 0, head_received = 0;
    curl_off_t received = 0;
    (void)curl_easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &connections);
    (void)curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &head_sent);
    (void)curl_easy_getinfo(c->curl, CURLINFO_HEADER_SIZE, &head_received);
    (void)curl_easy_getinfo(c->curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
    c->counts.requests++;
    c->counts.connections += (uint64_t)connections;
    c->counts.sent += (uint64_t)head_sent;
    c->counts.received += (uint64_t)head_received + (uint64_t)received;
}

static int failed(const struct http_client *c, CURLcode code, struct diag *diag)
{
    const char *why = c->error[0] ? c->error : curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return diag_set(diag, -ETIMEDOUT, "%s", why);
    return diag_set(diag, code == CURLE_COULDNT_CONNECT ? -ECONNREFUSED : -EIO, "%s", why);
}

int http_put(struct http_client *c, const char *url, unsigned timeout_ms, struct diag *diag)
{
    long status = 0;
    c->said_len = 0;
    c->said[0] = c->error[0] = '\0';
    CURLcode code = curl_easy_setopt(c->curl, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (code == CURLE_OK)
        code = curl_easy_perform(c->curl);
    count(c);
    if (code != CURLE_OK)
        return failed(c, code, diag);
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 || status == 204)
        return 0;
    return diag_set(diag, PTRD_EINVAL, "status %ld: %s", status, c->said);
}
