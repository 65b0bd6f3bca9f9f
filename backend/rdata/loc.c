#include <inttypes.h>
#include <stdio.h>

#include "special.h"

/* A decimal with up to `decimals` places, scaled to an integer; an `m` may follow where `metres`.
 */
static bool read_decimal(const struct token *word, unsigned decimals, bool metres, int64_t *out)
{
    size_t at = 0, len = word->len;
    bool negative = len > 0 && word->text[0] == '-', dot = false;
    int64_t value = 0;
    unsigned places = 0, digits = 0;
    at += negative;
    if (metres && len > 0 && (word->text[len - 1] == 'm' || word->text[len - 1] == 'M'))
        len--;
    for (; at < len; at++) {
        if (word->text[at] == '.' && !dot && decimals > 0) {
            dot = true;
            continue;
        }
        if (word->text[at] < '0' || word->text[at] > '9' || (dot && ++places > decimals) ||
            ++digits > 14)
            return false;
        value = value * 10 + (word->text[at] - '0');
    }
    for (; places < decimals; places++)
        value *= 10;
    *out = negative ? -value : value;
    return digits > 0;
}

struct cursor {
    const struct tokens *words;
    size_t at;
};

static const struct token *current(const struct cursor *c)
{
    return c->at < c->words->count ? &c->words->items[c->at] : NULL;
}

static bool is_half(const struct token *word, const char *halves, char *half)
{
    char upper = word->len == 1 ? (char)(word->text[0] & ~0x20) : '\0';
    if (upper != halves[0] && upper != halves[1])
        return false;
    *half = upper;
    return true;
}

/* `D [M [S]] N|S`: degrees, minutes, seconds in thousandths, and the half, which ends them. */
static int read_parts(const struct subject *s, struct cursor *c, const char *halves, int64_t max,
                      int64_t part[3], char *half)
{
    static const char *const names[] = {"degrees", "minutes", "seconds", "half"};
    const char *const expected[] = {max == 90 ? "a whole number from 0 to 90"
                                              : "a whole number from 0 to 180",
                                    "a whole number from 0 to 59", "a number from 0 to 59.999",
                                    max == 90 ? "N or S" : "E or W"};
    const int64_t limits[] = {max, 59, 59999};
    for (unsigned i = 0;; i++, c->at++) {
        const struct token *word = current(c);
        if (word == NULL)
            return subject_refuse(s, "ends early, expected `D [M [S]] N|S D [M [S]] E|W ALTITUDEm "
                                     "[SIZEm [HORIZONTALm [VERTICALm]]]`");
        if (i > 0 && is_half(word, halves, half)) {
            c->at++;
            return 0;
        }
        if (i == 3 || !read_decimal(word, i == 2 ? 3 : 0, false, &part[i]) || part[i] < 0 ||
            part[i] > limits[i])
            return subject_expected(s, names[i], word, expected[i]);
    }
}

static int read_angle(const struct subject *s, struct cursor *c, const char *halves, int64_t max,
                      struct bytes *text, struct bytes *wire)
{
    int64_t part[3] = {0};
    char shown[96], half = '\0';
    int rc = read_parts(s, c, halves, max, part, &half);
    if (rc < 0)
        return rc;
    int64_t ms = (part[0] * 60 + part[1]) * 60000 + part[2];
    if (ms > max * 3600000)
        return subject_refuse(s, "angle is beyond %" PRId64 " degrees", max);
    snprintf(shown, sizeof shown, "%" PRId64 " %" PRId64 " %" PRId64 ".%03" PRId64 " %c ", part[0],
             part[1], part[2] / 1000, part[2] % 1000, half);
    bytes_add_text(text, shown);
    bytes_add_number(wire, (uint64_t)((INT64_C(1) << 31) + (half == halves[0] ? ms : -ms)), 4);
    return 0;
}

static void add_metres(struct bytes *text, int64_t cm)
{
    char shown[48];
    int64_t size = cm < 0 ? -cm : cm;
    snprintf(shown, sizeof shown, "%s%" PRId64 ".%02" PRId64 "m", cm < 0 ? "-" : "", size / 100,
             size % 100);
    bytes_add_text(text, shown);
}

/* Size and precisions are one digit times a power of ten of centimetres (RFC 1876 2). */
static int read_size(const struct subject *s, struct cursor *c, const char *name, int64_t preset_cm,
                     struct bytes *text, struct bytes *wire)
{
    int64_t cm = preset_cm;
    const struct token *word = current(c);
    if (word != NULL) {
        if (!read_decimal(word, 2, true, &cm) || cm < 0 || cm > INT64_C(9000000000))
            return subject_expected(s, name, word, "metres from 0 to 90000000.00");
        c->at++;
    }
    unsigned exponent = 0;
    int64_t digit = cm;
    for (; digit > 9 && digit % 10 == 0; digit /= 10)
        exponent++;
    if (digit > 9)
        return subject_expected(s, name, word,
                                "metres with one digit that is not 0, as 10m or 0.05m");
    bytes_add_text(text, " ");
    add_metres(text, cm);
    bytes_add_number(wire, (uint64_t)digit << 4 | exponent, 1);
    return 0;
}

int loc_read(const struct subject *s, const struct tokens *words, struct bytes *text,
             struct bytes *wire)
{
    struct cursor c = {words, 0};
    struct bytes angles = {0};
    int64_t altitude_cm = 0;
    int rc = read_angle(s, &c, "NS", 90, text, &angles);
    if (rc == 0)
        rc = read_angle(s, &c, "EW", 180, text, &angles);
    const struct token *word = current(&c);
    if (rc == 0 && word == NULL)
        rc = subject_refuse(s, "has no altitude, expected metres as `0m`");
    else if (rc == 0 && (!read_decimal(word, 2, true, &altitude_cm) || altitude_cm < -10000000 ||
                         altitude_cm > INT64_C(4284967295)))
        rc = subject_expected(s, "altitude", word, "metres from -100000.00 to 42849672.95");
    c.at++;
    if (rc == 0)
        add_metres(text, altitude_cm);
    bytes_add_number(wire, 0, 1);
    if (rc == 0)
        rc = read_size(s, &c, "size", 100, text, wire);
    if (rc == 0)
        rc = read_size(s, &c, "horizontal precision", 1000000, text, wire);
    if (rc == 0)
        rc = read_size(s, &c, "vertical precision", 1000, text, wire);
    if (rc == 0 && current(&c) != NULL)
        rc = subject_expected(s, "word behind the vertical precision", current(&c), "nothing");
    bytes_add(wire, angles.at, angles.len);
    bytes_add_number(wire, (uint64_t)(altitude_cm + 10000000), 4);
    bytes_done(&angles);
    return rc;
}
