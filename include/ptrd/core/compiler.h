/* Attributes that state contracts to the compiler, and the integer that holds an IPv6 address. */
#ifndef PTRD_CORE_COMPILER_H
#define PTRD_CORE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PTRD_NONNULL __attribute__((nonnull))
#define PTRD_NONNULL_ARGS(...) __attribute__((nonnull(__VA_ARGS__)))
#define PTRD_CHECKED __attribute__((warn_unused_result))
#define PTRD_PURE __attribute__((pure))
#define PTRD_FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))

/* 128-bit unsigned integers hold IPv6 addresses; gcc and clang have them on all 64-bit targets. */
__extension__ typedef unsigned __int128 u128;

#endif
