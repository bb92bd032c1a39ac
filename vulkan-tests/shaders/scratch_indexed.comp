#version 460
#extension GL_GOOGLE_include_directive : require
// An array of an invocation's own, at places known only when it runs.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1);
    uint own[64];
    for (uint n = 0u; n < 64u; n++) own[n] = n * a;
    for (uint n = 0u; n < 32u; n++) {
        uint at = (a >> (n & 15u)) & 63u, other = (b >> (n & 15u)) & 63u;
        uint kept = own[at];
        own[at] = own[other] + n;
        own[other] = kept ^ b;
    }
    uint sum = 0u;
    for (uint n = 0u; n < 64u; n++) sum = sum * 5u + own[n];
    put(sum);
    put(own[a & 63u]);
    put(own[b & 63u]);
}
