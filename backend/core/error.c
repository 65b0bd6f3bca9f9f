#include "ptrd/core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ptrd_strerror(int err)
{
    switch (err) {
    case PTRD_OK:
        return "success";
    case PTRD_EINVAL:
        return "not of the form expected";
    case PTRD_ESPACE:
        return "buffer full";
    case PTRD_ENOMEM:
        return "out of memory";
    case PTRD_ECORRUPT:
        return "stored data is damaged";
    case PTRD_EVERSION:
        return "the store was written by a newer version";
    case PTRD_EBUSY:
        return "another writer holds the lock";
    case PTRD_ECONFLICT:
        return "inputs contradict each other";
    case PTRD_ELIMIT:
        return "limit exceeded";
    case PTRD_ESTORE:
        return "the store failed";
    case PTRD_ELOST:
        return "the connection to the database is lost";
    default:
        break;
    }
    /* strerrordesc_np is thread-safe and constant, unlike strerror. */
    const char *text = err < 0 && err > -1000 ? strerrordesc_np(-err) : NULL;
    return text ? text : "unknown error";
}

int diag_set(struct diag *diag, int err, const char *format, ...)
{
    if (!diag)
        return err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(diag->message, sizeof diag->message, format, args);
    va_end(args);
    return err;
}

void diag_print(const struct diag *diag, char *out, size_t size)
{
    int n = 0;
    if (diag->file && diag->line && diag->column)
        n = snprintf(out, size, "%s:%u:%u: ", diag->file, diag->line, diag->column);
    else if (diag->file && diag->line)
        n = snprintf(out, size, "%s:%u: ", diag->file, diag->line);
    else if (diag->file)
        n = snprintf(out, size, "%s: ", diag->file);
    else if (size > 0)
        out[0] = '\0';
    if (n >= 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, "%s", diag->message);
}
