#include "ptrd/core/rrtype.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* IANA DNS RR types, plus PowerDNS's ALIAS; sorted by frequency of being asked, then by number. */
static const struct {
    uint16_t type;
    const char *text;
} types[] = {
    {255, "ANY"},    {6, "SOA"},         {2, "NS"},          {12, "PTR"},    {1, "A"},
    {28, "AAAA"},    {5, "CNAME"},       {16, "TXT"},        {43, "DS"},     {39, "DNAME"},
    {15, "MX"},      {33, "SRV"},        {257, "CAA"},       {48, "DNSKEY"}, {3, "MD"},
    {4, "MF"},       {7, "MB"},          {8, "MG"},          {9, "MR"},      {10, "NULL"},
    {11, "WKS"},     {13, "HINFO"},      {14, "MINFO"},      {17, "RP"},     {18, "AFSDB"},
    {19, "X25"},     {20, "ISDN"},       {21, "RT"},         {22, "NSAP"},   {23, "NSAP-PTR"},
    {24, "SIG"},     {25, "KEY"},        {26, "PX"},         {27, "GPOS"},   {29, "LOC"},
    {30, "NXT"},     {31, "EID"},        {32, "NIMLOC"},     {34, "ATMA"},   {35, "NAPTR"},
    {36, "KX"},      {37, "CERT"},       {38, "A6"},         {40, "SINK"},   {41, "OPT"},
    {42, "APL"},     {44, "SSHFP"},      {45, "IPSECKEY"},   {46, "RRSIG"},  {47, "NSEC"},
    {49, "DHCID"},   {50, "NSEC3"},      {51, "NSEC3PARAM"}, {52, "TLSA"},   {53, "SMIMEA"},
    {55, "HIP"},     {56, "NINFO"},      {57, "RKEY"},       {58, "TALINK"}, {59, "CDS"},
    {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {62, "CSYNC"},      {63, "ZONEMD"}, {64, "SVCB"},
    {65, "HTTPS"},   {99, "SPF"},        {100, "UINFO"},     {101, "UID"},   {102, "GID"},
    {103, "UNSPEC"}, {104, "NID"},       {105, "L32"},       {106, "L64"},   {107, "LP"},
    {108, "EUI48"},  {109, "EUI64"},     {249, "TKEY"},      {250, "TSIG"},  {251, "IXFR"},
    {252, "AXFR"},   {253, "MAILB"},     {254, "MAILA"},     {256, "URI"},   {258, "AVC"},
    {259, "DOA"},    {260, "AMTRELAY"},  {32768, "TA"},      {32769, "DLV"}, {65401, "ALIAS"},
};

static int parse_number(const char *text, size_t len, uint16_t *out)
{
    unsigned value = 0;
    if (len < 5 || len > 9 || strncasecmp(text, "TYPE", 4) != 0)
        return PTRD_EINVAL;
    for (size_t i = 4; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return PTRD_EINVAL;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value > UINT16_MAX)
        return PTRD_EINVAL;
    *out = (uint16_t)value;
    return 0;
}

int rrtype_parse(const char *text, size_t len, uint16_t *out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].text) == len && strncasecmp(types[i].text, text, len) == 0) {
            *out = types[i].type;
            return 0;
        }
    return parse_number(text, len, out);
}

size_t rrtype_print(uint16_t type, char out[RRTYPE_TEXT_SIZE])
{
    if (type == RRTYPE_ENT) {
        out[0] = '\0';
        return 0;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type) {
            size_t len = strlen(types[i].text);
            memcpy(out, types[i].text, len + 1);
            return len;
        }
    return (size_t)snprintf(out, RRTYPE_TEXT_SIZE, "TYPE%u", type);
}
