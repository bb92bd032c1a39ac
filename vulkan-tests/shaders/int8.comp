#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
// Integers of 8 bits.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint8_t a = uint8_t(OPERAND(0)), b = uint8_t(OPERAND(1));
    int8_t c = int8_t(a), d = int8_t(b);
    put(uint(uint8_t(a + b)));
    put(uint(uint8_t(a - b)));
    put(uint(uint8_t(a * b)));
    put(b == uint8_t(0) ? 0u : uint(a / b));
    put(b == uint8_t(0) ? 0u : uint(a % b));
    bool whole = d != int8_t(0) && !(c == int8_t(-128) && d == int8_t(-1));
    put(whole ? int(c / d) : 0);
    put(int(int8_t(c + d)));
    put(int(int8_t(c * d)));
    put(uint(uint8_t(a << (b & uint8_t(7)))));
    put(uint(a >> (b & uint8_t(7))));
    put(int(c >> (d & int8_t(7))));
    put(uint(min(a, b)));
    put(int(max(c, d)));
    put(c < d);
    put(a < b);
    u8vec4 v = u8vec4(a, b, uint8_t(a ^ b), uint8_t(a & b));
    put(pack32(v));
    put(int(int16_t(c) * int16_t(d)));
}
