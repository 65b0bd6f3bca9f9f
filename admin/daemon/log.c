#include "ptrd/daemon/daemon.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_SIZE 1400

void daemon_log(const char *format, ...)
{
    static const char head[] = "ptr-admind: ";
    char line[LINE_SIZE] = "ptr-admind: ";
    size_t at = sizeof head - 1;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + at, sizeof line - at - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = at + (size_t)n < sizeof line - 2 ? at + (size_t)n : sizeof line - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len] = '\n';
    (void)!write(STDERR_FILENO, line, len + 1);
}
