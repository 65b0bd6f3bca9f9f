/* Rows of an answer as record objects.
 *
 * What PowerDNS needs is all there in every record: it throws on a record without qtype, qname or
 * content, and is then left unusable for its next question. Defaults are left out, since PowerDNS's
 * time to read a long reply is quadratic in its bytes: scopeMask 0, auth 1. */
#include "worker.h"

#include <stdio.h>

/* Types that have a name, but none that PowerDNS 4.7 knows: it reads such a name as type 0. As
 * TYPEn (RFC 3597 5) it takes them. */
static bool is_unnamed(uint16_t type)
{
    static const uint16_t types[] = {3,   4,   10,  11,  19,  20,  21,  22,   23, 24,
                                     26,  27,  30,  31,  32,  34,  40,  55,   56, 58,
                                     100, 101, 102, 103, 258, 259, 260, 32768};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i] == type)
            return true;
    }
    return false;
}

static void encode_type(struct reply *r, uint16_t type)
{
    char text[RRTYPE_TEXT_SIZE];
    size_t len;
    if (type == RRTYPE_PTR)
        REPLY_LITERAL(r, "PTR"); /* most answers */
    else if (is_unnamed(type))
        reply_put(r, text, (size_t)snprintf(text, sizeof text, "TYPE%u", type));
    else if ((len = rrtype_print(type, text)) > 0)
        reply_put(r, text, len);
}

/* Types whose content ends with a name, which PowerDNS prints without its final dot: pdnsutil
 * check-zone warns of any other spelling, and a dot less is a byte less. */
static bool ends_with_name(uint16_t type)
{
    static const uint16_t types[] = {RRTYPE_NS,    RRTYPE_CNAME, RRTYPE_PTR,  15 /* MX */,
                                     33 /* SRV */, RRTYPE_DNAME, RRTYPE_ALIAS};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i] == type)
            return true;
    }
    return false;
}

/* Takes a final dot away that does not stand alone (the root). */
static struct span without_dot(struct span text)
{
    if (text.len > 1 && text.bytes[text.len - 1] == '.' && text.bytes[text.len - 2] != ' ')
        text.len--;
    return text;
}

static void encode_target(struct reply *r, struct span wire)
{
    reply_name(r, wire);
    if (!r->error && wire.len > 1)
        r->len--;
}

static void encode_row_content(struct reply *r, const struct row *row)
{
    char text[ADDR_TEXT_SIZE];
    switch (row->kind) {
    case ROW_ENT:
        break;
    case ROW_NAME:
        encode_target(r, row->bytes);
        break;
    case ROW_ADDR:
        reply_put(r, text, addr_print(&row->addr, text));
        break;
    case ROW_TEXT:
        reply_content(r, ends_with_name(row->type) ? without_dot(row->bytes) : row->bytes);
        break;
    }
}

void encode_row(struct reply *r, struct span qname, const struct row *row, uint32_t zone_id)
{
    REPLY_LITERAL(r, "{\"qtype\":\"");
    encode_type(r, row->type);
    REPLY_LITERAL(r, "\",\"qname\":\"");
    reply_put(r, (const char *)qname.bytes, qname.len);
    REPLY_LITERAL(r, "\",\"content\":\"");
    encode_row_content(r, row);
    REPLY_LITERAL(r, "\",\"ttl\":");
    reply_number(r, row->ttl_s);
    if (zone_id > 0) {
        REPLY_LITERAL(r, ",\"domain_id\":");
        reply_number(r, zone_id);
    }
    if (!row->auth)
        REPLY_LITERAL(r, ",\"auth\":0"); /* a number: PowerDNS takes false for 1 */
    REPLY_LITERAL(r, "}");
}

void encode_string(struct reply *r, struct span text)
{
    REPLY_LITERAL(r, "\"");
    reply_text(r, text);
    REPLY_LITERAL(r, "\"");
}

void encode_name(struct reply *r, const struct name *name)
{
    REPLY_LITERAL(r, "\"");
    reply_name(r, (struct span){name->wire, name->len});
    REPLY_LITERAL(r, "\"");
}
