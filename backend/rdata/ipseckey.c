#include "special.h"

/* RFC 4025 2.1: precedence, gateway type, algorithm, a gateway by its type, and a key, which is
 * left out where there is none (algorithm 0). RFC 4025 3.1 writes "." for no gateway; PowerDNS 4.7
 * knows no word there, neither in its zone files nor in what a backend gives it: both are read, and
 * its form is the one that is stored. */
static const struct record_form head = {
    0, {{"precedence", FIELD_U8}, {"gateway type", FIELD_U8}, {"algorithm", FIELD_U8}}};
static const struct record_form gateways[] = {
    /* from type 1 on */
    {0, {{"gateway", FIELD_A}}},
    {0, {{"gateway", FIELD_AAAA}}},
    {0, {{"gateway", FIELD_NAME}}},
};
static const struct record_form key = {0, {{"public key", FIELD_BASE64}}};

static bool is_dot(const struct token *word)
{
    return !word->quoted && word->len == 1 && word->text[0] == '.';
}

static int refuse_count(const struct subject *s, const struct tokens *words)
{
    return subject_refuse(s,
                          "%zu words, expected: precedence, gateway type, algorithm, gateway, "
                          "public key",
                          words->count);
}

/* What stands behind the gateway. */
static int read_key(const struct subject *s, const struct tokens *rest, uint8_t algorithm,
                    struct bytes *text, struct bytes *wire)
{
    if ((algorithm == 0) != (rest->count == 0))
        return subject_refuse(s, "expected a public key behind every algorithm but 0");
    if (rest->count == 0)
        return 0;
    bytes_add_text(text, " ");
    return record_form_read(s, &key, rest, text, wire);
}

int ipseckey_read(const struct subject *s, const struct tokens *words, struct bytes *text,
                  struct bytes *wire)
{
    if (words->count < 3)
        return refuse_count(s, words);
    struct tokens first = {words->items, 3};
    int rc = record_form_read(s, &head, &first, text, wire);
    if (rc < 0 || wire->failed != 0)
        return rc;
    uint8_t type = wire->at[1], algorithm = wire->at[2];
    if (type > 3)
        return subject_expected(s, "gateway type", &words->items[1], "a number from 0 to 3");
    size_t used = type != 0 || (words->count > 3 && is_dot(&words->items[3])) ? 4 : 3;
    if (words->count < used)
        return refuse_count(s, words);
    struct tokens gateway = {words->items + 3, 1},
                  rest = {words->items + used, words->count - used};
    if (type == 0)
        return read_key(s, &rest, algorithm, text, wire);
    bytes_add_text(text, " ");
    rc = record_form_read(s, &gateways[type - 1], &gateway, text, wire);
    return rc < 0 ? rc : read_key(s, &rest, algorithm, text, wire);
}
