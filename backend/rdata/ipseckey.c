#include "special.h"

/* RFC 4025 2.1: precedence, gateway type, algorithm, a gateway by its type, and a key, which is
 * left out where there is none (algorithm 0). */
int ipseckey_read(const struct subject *s, const struct tokens *words, struct bytes *text,
                  struct bytes *wire)
{
    static const struct record_form head = {
        0, {{"precedence", FIELD_U8}, {"gateway type", FIELD_U8}, {"algorithm", FIELD_U8}}};
    static const struct record_form gateways[] = {
        {0, {{"gateway", FIELD_NAME}}}, /* "." stands for none and has no octets */
        {0, {{"gateway", FIELD_A}}},
        {0, {{"gateway", FIELD_AAAA}}},
        {0, {{"gateway", FIELD_NAME}}},
    };
    static const struct record_form key = {0, {{"public key", FIELD_BASE64}}};
    if (words->count < 4)
        return subject_refuse(s,
                              "%zu words, expected: precedence, gateway type, algorithm, gateway, "
                              "public key",
                              words->count);
    struct tokens first = {words->items, 3}, gateway = {words->items + 3, 1};
    struct tokens rest = {words->items + 4, words->count - 4};
    int rc = record_form_read(s, &head, &first, text, wire);
    if (rc < 0 || wire->failed != 0)
        return rc;
    uint8_t type = wire->at[1], algorithm = wire->at[2];
    if (type > 3)
        return subject_expected(s, "gateway type", &words->items[1], "a number from 0 to 3");
    if (type == 0 && (gateway.items[0].len != 1 || gateway.items[0].text[0] != '.'))
        return subject_expected(s, "gateway", gateway.items, "`.` behind gateway type 0");
    if ((algorithm == 0) != (rest.count == 0))
        return subject_refuse(s, "expected a public key behind every algorithm but 0");
    struct bytes none = {0};
    bytes_add_text(text, " ");
    rc = record_form_read(s, &gateways[type], &gateway, text, type == 0 ? &none : wire);
    bytes_done(&none);
    if (rc == 0 && rest.count > 0) {
        bytes_add_text(text, " ");
        rc = record_form_read(s, &key, &rest, text, wire);
    }
    return rc;
}
