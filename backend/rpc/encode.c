/* Rows of an answer as record objects.
 *
 * What PowerDNS needs is all there in every record: it throws on a record without qtype, qname or
 * content, and is then left unusable for its next question. Defaults are left out, since PowerDNS's
 * time to read a long reply is quadratic in its bytes: scopeMask 0, auth 1. */
#include "worker.h"

void encode_row(struct reply *r, struct span qname, const struct row *row, uint32_t zone_id)
{
    REPLY_LITERAL(r, "{\"qtype\":\"");
    reply_type(r, row->type);
    REPLY_LITERAL(r, "\",\"qname\":\"");
    reply_put(r, (const char *)qname.bytes, qname.len);
    REPLY_LITERAL(r, "\",\"content\":\"");
    reply_row_content(r, row);
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

void encode_text(struct reply *r, struct span text)
{
    static const char hex[] = "0123456789abcdef";
    const char *p = (const char *)text.bytes, *end = p + text.len;
    while (p < end) {
        uint8_t c = (uint8_t)*p;
        unsigned n = c < 0x80 ? 1 : scan_utf8_length(p, end);
        if (n == 0) {
            REPLY_LITERAL(r, "\xef\xbf\xbd");
            n = 1;
        } else if (c < 0x20 || c == 0x7f) {
            const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            reply_put(r, escape, sizeof escape);
        } else {
            if (c == '"' || c == '\\')
                REPLY_LITERAL(r, "\\");
            reply_put(r, p, n);
        }
        p += n;
    }
}

void encode_string(struct reply *r, struct span text)
{
    REPLY_LITERAL(r, "\"");
    encode_text(r, text);
    REPLY_LITERAL(r, "\"");
}

void encode_name(struct reply *r, const struct name *name)
{
    REPLY_LITERAL(r, "\"");
    reply_name(r, (struct span){name->wire, name->len});
    REPLY_LITERAL(r, "\"");
}
