#version 460
#extension GL_GOOGLE_include_directive : require
// Loops whose length differs from one invocation to the next.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1);
    // Collatz's steps.
    uint n = a % 1000u + 1u, steps = 0u;
    while (n != 1u && steps < 300u) {
        n = (n & 1u) == 0u ? n / 2u : 3u * n + 1u;
        steps++;
    }
    put(steps);
    // Euclid's.
    uint x = a, y = b;
    while (y != 0u) { uint rest = x % y; x = y; y = rest; }
    put(x);
    // Loops in loops, left and cut short.
    uint sum = 0u;
    for (uint i = 0u; i < (a & 15u); i++) {
        for (uint j = 0u; j < (b & 15u); j++) {
            if (j > i + 3u) break;
            if (((i ^ j) & 1u) == 1u) continue;
            sum += i * 16u + j;
            if (sum > 900u) break;
        }
        if (sum > 1200u) break;
    }
    put(sum);
    uint count = 0u;
    do { count += 3u; } while (count < (b & 63u));
    put(count);
}
