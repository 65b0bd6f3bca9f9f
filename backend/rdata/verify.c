#include "verify.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse_by_ldns(const struct subject *s, ldns_status status)
{
    if (status == LDNS_STATUS_MEM_ERR)
        return PTRD_ENOMEM;
    return subject_refuse(s, "refused by libldns: %s", ldns_get_errorstr_by_id(status));
}

/* origin: what libldns puts behind relative names, or NULL. */
static int make_origin(const struct subject *s, ldns_rdf **out)
{
    *out = NULL;
    if (s->origin == NULL)
        return 0;
    *out = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, s->origin->len, s->origin->wire);
    return *out == NULL ? PTRD_ENOMEM : 0;
}

/* content need not be terminated. */
static int parse_line(const struct subject *s, const char *content, size_t len, ldns_rr **out)
{
    ldns_rdf *origin;
    char head[64], type[RRTYPE_TEXT_SIZE];
    rrtype_print(s->type, type);
    int head_len = snprintf(head, sizeof head, ". 3600 IN %s ", type);
    char *line = malloc((size_t)head_len + len + 1);
    if (line == NULL)
        return PTRD_ENOMEM;
    memcpy(line, head, (size_t)head_len);
    memcpy(line + head_len, content, len);
    line[(size_t)head_len + len] = '\0';
    if (make_origin(s, &origin) < 0) {
        free(line);
        return PTRD_ENOMEM;
    }
    ldns_status status = ldns_rr_new_frm_str(out, line, 0, origin, NULL);
    ldns_rdf_deep_free(origin);
    free(line);
    return status == LDNS_STATUS_OK ? 0 : refuse_by_ldns(s, status);
}

int verify_known(const struct subject *s, const struct bytes *text, const struct bytes *wire)
{
    ldns_rr *rr = NULL;
    int rc = parse_line(s, (const char *)text->at, text->len, &rr);
    if (rc < 0)
        return rc;
    size_t at = 0;
    bool same = true;
    for (size_t i = 0; same && i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *f = ldns_rr_rdf(rr, i);
        size_t n = ldns_rdf_size(f);
        same = n <= wire->len - at && memcmp(ldns_rdf_data(f), wire->at + at, n) == 0;
        at += n;
    }
    ldns_rr_free(rr);
    if (!same || at != wire->len)
        return subject_refuse(s,
                              "libldns reads this content differently, expected the plain form of "
                              "the type's RFC");
    return 0;
}

/* The rdata part of libldns's text, each field behind a blank; NULL without memory. */
static char *print_rdata(const ldns_rr *rr)
{
    ldns_buffer *b = ldns_buffer_new(1024);
    if (b == NULL)
        return NULL;
    ldns_status status = LDNS_STATUS_OK;
    for (size_t i = 0; status == LDNS_STATUS_OK && i < ldns_rr_rd_count(rr); i++) {
        if (i > 0)
            ldns_buffer_printf(b, " ");
        status = ldns_rdf2buffer_str(b, ldns_rr_rdf(rr, i));
    }
    char *text = status == LDNS_STATUS_OK ? ldns_buffer_export2str(b) : NULL;
    ldns_buffer_free(b);
    return text;
}

/* Equal but for letter case and a name's final dot. */
static bool same_word(const struct token *a, const struct token *b)
{
    size_t a_len = a->len, b_len = b->len;
    if (a_len > 1 && a->text[a_len - 1] == '.')
        a_len--;
    if (b_len > 1 && b->text[b_len - 1] == '.')
        b_len--;
    return a_len == b_len && strncasecmp(a->text, b->text, a_len) == 0;
}

/* What libldns printed is the absolute form of a relative name. */
static bool same_name(const struct subject *s, const struct token *given,
                      const struct token *printed)
{
    struct name a, b;
    struct diag why;
    return s->origin != NULL && !given->quoted && printed->len > 0 &&
           printed->text[printed->len - 1] == '.' && subject_name(s, given, &a, &why) == 0 &&
           name_parse(printed->text, printed->len, &b, &why) == 0 && name_equal(&a, &b);
}

static int compare_words(const struct subject *s, const struct tokens *given, const char *printed,
                         struct bytes *out)
{
    struct tokens back = {0};
    const char *why = "";
    int rc = tokens_split(printed, strlen(printed), &back, &why);
    if (rc < 0)
        return rc == PTRD_EINVAL ? subject_refuse(s, "libldns prints it with %s", why) : rc;
    bool same = back.count == given->count;
    for (size_t i = 0; same && i < back.count; i++)
        same = same_word(&given->items[i], &back.items[i]) ||
               same_name(s, &given->items[i], &back.items[i]);
    if (!same)
        rc = subject_refuse(s, "libldns reads it as `%.200s`, expected it spelled so", printed);
    for (size_t i = 0; rc == 0 && i < back.count; i++) {
        const char *quote = back.items[i].quoted ? "\"" : "";
        bytes_add_text(out, i > 0 ? " " : "");
        bytes_add_text(out, quote);
        bytes_add(out, back.items[i].text, back.items[i].len);
        bytes_add_text(out, quote);
    }
    tokens_done(&back);
    return rc;
}

int verify_other(const struct subject *s, const struct tokens *words, struct bytes *text,
                 struct bytes *wire)
{
    const struct token *first = &words->items[0], *last = &words->items[words->count - 1];
    const char *start = first->text - first->quoted, *end = last->text + last->len + last->quoted;
    const ldns_rr_descriptor *known = ldns_rr_descript(s->type);
    ldns_rr *rr = NULL;
    if (known == NULL || known->_name == NULL)
        return subject_refuse(
            s, "a type without a known form, expected `\\# LENGTH HEX` (RFC 3597 5)");
    int rc = parse_line(s, start, (size_t)(end - start), &rr);
    if (rc < 0)
        return rc;
    char *printed = print_rdata(rr);
    rc = printed == NULL ? PTRD_ENOMEM : compare_words(s, words, printed, text);
    for (size_t i = 0; rc == 0 && i < ldns_rr_rd_count(rr); i++)
        bytes_add(wire, ldns_rdf_data(ldns_rr_rdf(rr, i)), ldns_rdf_size(ldns_rr_rdf(rr, i)));
    LDNS_FREE(printed);
    ldns_rr_free(rr);
    return rc;
}

int verify_spell(const struct subject *s, const struct bytes *wire, struct bytes *out)
{
    struct bytes packet = {0};
    ldns_rr *rr = NULL;
    size_t at = 0;
    bytes_add_number(&packet, 0, 1); /* owner: the root */
    bytes_add_number(&packet, s->type, 2);
    bytes_add_number(&packet, 1, 2); /* IN */
    bytes_add_number(&packet, 3600, 4);
    bytes_add_number(&packet, wire->len, 2);
    bytes_add(&packet, wire->at, wire->len);
    int rc = packet.failed;
    ldns_status status = LDNS_STATUS_OK;
    if (rc == 0)
        status = ldns_wire2rr(&rr, packet.at, packet.len, &at, LDNS_SECTION_ANSWER);
    if (rc == 0 && (status != LDNS_STATUS_OK || at != packet.len))
        rc = subject_refuse(s, "the octets are no record of this type");
    if (rc == 0) {
        char *printed = print_rdata(rr);
        if (printed == NULL)
            rc = subject_refuse(s, "the octets have no text form in libldns");
        else
            bytes_add_text(out, printed);
        LDNS_FREE(printed);
    }
    ldns_rr_free(rr);
    bytes_done(&packet);
    return rc;
}
