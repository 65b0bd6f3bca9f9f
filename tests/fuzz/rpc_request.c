/* Any lines as requests to a worker over a small store, one after the other: transactions too. A
 * reply must be one JSON object with a result and a newline at its end; the decoder must agree with
 * jansson on what is a JSON object. */
#include <jansson.h>

#include "../../backend/rpc/scan.h"
#include "ptrd/rpc/rpc.h"
#include "support/small_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct small_store store;
    struct engine *engine;
    struct rpc_worker *worker;
} f;

static void done(void)
{
    rpc_worker_free(f.worker);
    engine_close(f.engine);
    small_store_remove(&f.store);
}

static void make(void)
{
    struct diag diag = {0};
    small_store_make(&f.store);
    MUST(engine_open(f.store.dir, &f.engine, &diag));
    MUST(rpc_worker_new(f.engine, &f.worker));
    rpc_worker_leaf(f.worker, LEAF_ALL);
    atexit(done);
}

static void check_reply(const char *reply, size_t len)
{
    json_t *root = json_loadb(reply, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *result = json_object_get(root, "result");
    /* a refusal has its reason; without a result it is an error to PowerDNS */
    bool reasoned = json_array_size(json_object_get(root, "log")) == 1;
    if ((!result && !reasoned) || json_is_null(result) ||
        (result && reasoned && !json_is_false(result)))
        abort();
    if (reply[len - 1] != '\n' || memchr(reply, '\n', len - 1))
        abort();
    json_decref(root);
}

static void check_decoder(const char *text, size_t len, bool answered)
{
    struct scan_request request;
    struct diag diag;
    json_error_t error;
    bool scanned = scan_request(text, len, &request, &diag) == 0;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    /* jansson 2.14 takes a NUL byte behind a number for its end */
    bool nul = memchr(text, '\0', len) != NULL;
    if ((json_is_object(root) && !scanned && !nul && !strstr(diag.message, "less nesting")) ||
        (answered && !scanned))
        abort();
    /* jansson also refuses numbers that no double holds, duplicates of any key, and \u0000 in a key
     */
    int code = root ? 0 : (int)json_error_code(&error);
    if (!root && scanned && code != json_error_numeric_overflow &&
        code != json_error_duplicate_key && code != json_error_null_byte_in_key)
        abort();
    json_decref(root);
}

/* Requests that only read, in PowerDNS's own spelling, have a decoder of their own: with a blank in
 * front they are read as any other, and must be answered alike. */
static void check_spelling(const char *text, size_t size)
{
    static const char *const heads[] = {
        "{\"method\": \"lookup\", ", "{\"method\": \"getAllDomainMetadata\", ",
        "{\"method\": \"getDomainKeys\", ", "{\"method\": \"getDomainInfo\", "};
    const char *reply, *other;
    size_t len, other_len;
    struct diag diag;
    bool usual = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        usual |= size > strlen(heads[i]) && memcmp(text, heads[i], strlen(heads[i])) == 0;
    if (!usual)
        return;
    char *spaced = malloc(size + 1);
    spaced[0] = ' ';
    memcpy(spaced + 1, text, size);
    bool answered = rpc_handle(f.worker, text, size, &reply, &len, &diag) == RPC_REPLY;
    char *kept = malloc(answered ? len : 1);
    if (answered)
        memcpy(kept, reply, len);
    if ((rpc_handle(f.worker, spaced, size + 1, &other, &other_len, &diag) == RPC_REPLY) !=
            answered ||
        (answered && (other_len != len || memcmp(kept, other, len) != 0)))
        abort();
    free(kept);
    free(spaced);
}

static void request(const char *text, size_t size)
{
    const char *reply;
    size_t len;
    struct diag diag;
    bool answered = rpc_handle(f.worker, text, size, &reply, &len, &diag) == RPC_REPLY;
    if (answered)
        check_reply(reply, len);
    check_decoder(text, size, answered);
    check_spelling(text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char give_up[] = "{\"method\":\"abortTransaction\"}";
    const char *text = (const char *)data, *end = text + size, *line = text;
    if (!f.worker)
        make();
    for (const char *stop; line < end && (stop = memchr(line, '\n', (size_t)(end - line)));
         line = stop + 1)
        request(line, (size_t)(stop - line));
    request(line, (size_t)(end - line));
    request(give_up, sizeof give_up - 1); /* the next input finds no transaction */
    return 0;
}
