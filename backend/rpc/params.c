#include "params.h"

#include <errno.h>
#include <stdlib.h>

int param_text(const json_t *parameters, const char *key, struct span *out, struct diag *diag)
{
    const json_t *value = json_object_get(parameters, key);
    if (!json_is_string(value))
        return diag_set(diag, PTRD_EINVAL, "parameter `%s` is not a string", key);
    *out = (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return 0;
}

int param_name(const json_t *parameters, const char *key, struct name *out, struct diag *diag)
{
    struct span text;
    int rc = param_text(parameters, key, &text, diag);
    return rc < 0 ? rc : name_parse((const char *)text.bytes, text.len, out, diag);
}

/* PowerDNS's library writes large whole numbers as it writes any number: 4.294967295e+09 is one. */
static bool read_integer(const json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    if (json_is_real(value)) {
        double number = json_real_value(value);
        if (!(number > -1e15 && number < 1e15) || number != (double)(int64_t)number)
            return false;
        *out = (int64_t)number;
        return true;
    }
    if (!json_is_string(value))
        return false;
    const char *text = json_string_value(value);
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

int param_integer(const json_t *parameters, const char *key, struct param_range range, int64_t *out,
                  struct diag *diag)
{
    int64_t number;
    const json_t *value = json_object_get(parameters, key);
    if (!read_integer(value, &number))
        return diag_set(diag, PTRD_EINVAL, "parameter `%s` is not a whole number", key);
    if (number < range.min || number > range.max)
        return diag_set(diag, PTRD_EINVAL, "parameter `%s` is %lld, not between %lld and %lld", key,
                        (long long)number, (long long)range.min, (long long)range.max);
    *out = number;
    return 0;
}
