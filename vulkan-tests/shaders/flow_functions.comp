#version 460
#extension GL_GOOGLE_include_directive : require
// Functions: of functions, with returns from the midst of loops, with values handed out.
#define OPERANDS 2
#include "map.glsl"
uint twist(uint x) { return x * 0x9e3779b1u ^ x >> 15; }
uint first_over(uint start, uint limit) {
    for (uint i = 0u; i < 64u; i++) {
        if (start > limit) return i;
        if (start == 0u) return 1000u;
        start += start / 2u + 1u;
    }
    return 64u;
}
void halves(uint x, out uint low, out uint high, inout uint total) {
    low = x & 0xffffu;
    high = x >> 16;
    total += low + high;
}
uint both(uint a, uint b) {
    if (a > b) return twist(a) + first_over(a & 255u, b & 0xffffffu);
    return first_over(b & 255u, twist(a) & 0xffffu);
}
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1), low, high, total = 5u;
    put(twist(a));
    put(both(a, b));
    halves(a, low, high, total);
    halves(b ^ low, low, high, total);
    put(low); put(high); put(total);
}
