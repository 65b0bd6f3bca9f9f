/* Attributes and preconditions used by every layer.
 *
 * PTRD_REQUIRE states a programmer's error, never something that a socket, a file, LMDB or SQL
 * can cause. It calls ptrd_broken(), which the program defines: the daemons abort there with the
 * place. Core never uses it (core has no abort); it lives here so that there is one spelling. */
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
#define PTRD_CLEANUP(fn) __attribute__((cleanup(fn)))

/* 128-bit unsigned integers hold IPv6 addresses; gcc and clang have them on all 64-bit targets. */
__extension__ typedef unsigned __int128 u128;

#endif
