/* Types and contents of records in PowerDNS's spelling. */
#include <stdio.h>

#include "ptrd/powerdns/reply.h"

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

void reply_type(struct reply *r, uint16_t type)
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

/* Where the content of a type has names. PowerDNS prints them without their final dot: pdnsutil
 * check-zone warns of any other spelling, and a dot less is a byte less. */
struct named {
    uint16_t type;
    bool last;    /* the content ends with a name */
    uint8_t word; /* this word of it is one too, counted from 1; 0: none */
};

static const struct named named[] = {
    {.type = RRTYPE_NS, .last = true},
    {.type = RRTYPE_CNAME, .last = true},
    {.type = RRTYPE_PTR, .last = true},
    {.type = RRTYPE_DNAME, .last = true},
    {.type = RRTYPE_ALIAS, .last = true},
    {.type = 7 /* MB */, .last = true},
    {.type = 8 /* MG */, .last = true},
    {.type = 9 /* MR */, .last = true},
    {.type = 14 /* MINFO */, .last = true, .word = 1},
    {.type = 15 /* MX */, .last = true},
    {.type = 17 /* RP */, .last = true, .word = 1},
    {.type = 18 /* AFSDB */, .last = true},
    {.type = 33 /* SRV */, .last = true},
    {.type = 35 /* NAPTR */, .last = true},
    {.type = 36 /* KX */, .last = true},
    {.type = 45 /* IPSECKEY, whose gateway may be a name */, .word = 4},
    {.type = 64 /* SVCB */, .word = 2},
    {.type = 65 /* HTTPS */, .word = 2},
    {.type = 107 /* LP */, .last = true},
};

static const struct named *named_find(uint16_t type)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i].type == type)
            return &named[i];
    }
    return NULL;
}

/* Takes a final dot away that does not stand alone (the root). */
static struct span without_dot(struct span text)
{
    if (text.len > 1 && text.bytes[text.len - 1] == '.' && text.bytes[text.len - 2] != ' ')
        text.len--;
    return text;
}

/* Octets up to the end of a word; the stored text has one blank between words. */
static size_t word_end(struct span text, unsigned word)
{
    size_t at = 0;
    for (; at < text.len; at++)
        if (text.bytes[at] == ' ' && --word == 0)
            break;
    return at;
}

static void put_text(struct reply *r, uint16_t type, struct span text)
{
    const struct named *n = named_find(type);
    if (n && n->word > 0) {
        size_t end = word_end(text, n->word);
        reply_content(r, without_dot((struct span){text.bytes, end}));
        text = (struct span){text.bytes + end, text.len - end};
    }
    reply_content(r, n && n->last ? without_dot(text) : text);
}

static void put_target(struct reply *r, struct span wire)
{
    reply_name(r, wire);
    if (!r->error && wire.len > 1)
        r->len--;
}

void reply_row_content(struct reply *r, const struct row *row)
{
    char text[ADDR_TEXT_SIZE];
    switch (row->kind) {
    case ROW_ENT:
        break;
    case ROW_NAME:
        put_target(r, row->bytes);
        break;
    case ROW_ADDR:
        reply_put(r, text, addr_print(&row->addr, text));
        break;
    case ROW_TEXT:
        put_text(r, row->type, row->bytes);
        break;
    }
}
