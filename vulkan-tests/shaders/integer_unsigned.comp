#version 460
#extension GL_GOOGLE_include_directive : require
// Unsigned arithmetic of 32 bits.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1), carry, high, low;
    put(a + b);
    put(a - b);
    put(a * b);
    put(b == 0u ? 0u : a / b);
    put(b == 0u ? 0u : a % b);
    put(a / 7u);
    put(a % 10u);
    put(a & b);
    put(a | b);
    put(a ^ b);
    put(~a);
    put(a << (b & 31u));
    put(a >> (b & 31u));
    put(min(a, b));
    put(max(a, b));
    put(clamp(a, 5u, 0x90000000u));
    put(a < b);
    put(a <= b);
    put(a == b);
    put(a != b);
    put(a >= b);
    put(a > b);
    put(uaddCarry(a, b, carry));
    put(carry);
    put(usubBorrow(a, b, carry));
    put(carry);
    umulExtended(a, b, high, low);
    put(high);
    put(low);
    put(a * 3u + b);
    put((a << 5) - b);
}
