#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
// Integers of 64 bits.
#define OPERANDS 4
#include "map.glsl"
void put(uint64_t value) { uvec2 halves = unpackUint2x32(value); put(halves.x); put(halves.y); }
void put(int64_t value) { put(uint64_t(value)); }
void main() {
    BEGIN;
    uint64_t a = packUint2x32(uvec2(OPERAND(0), OPERAND(1)));
    uint64_t b = packUint2x32(uvec2(OPERAND(2), OPERAND(3)));
    int64_t c = int64_t(a), d = int64_t(b);
    int shift = int(OPERAND(2) & 63u);
    put(a + b);
    put(a - b);
    put(a * b);
    put(b == 0ul ? 0ul : a / b);
    put(b == 0ul ? 0ul : a % b);
    bool whole = d != 0l && !(c == -9223372036854775807l - 1l && d == -1l);
    put(whole ? c / d : 0l);
    put(a & b);
    put(a | b);
    put(a ^ b);
    put(~a);
    put(a << shift);
    put(a >> shift);
    put(c >> shift);
    put(min(a, b));
    put(max(c, d));
    put(abs(c));
    put(sign(c));
    put(a < b);
    put(c < d);
    put(c >= d);
    put(a == b);
    put(int64_t(int(OPERAND(0))));
    put(uint64_t(OPERAND(0)) * uint64_t(OPERAND(2)));
    put(float(OPERAND(1) & 0xffffu) == float(uint64_t(OPERAND(1) & 0xffffu)));
}
