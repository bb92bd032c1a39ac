#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
// Integers of 16 bits.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint16_t a = uint16_t(OPERAND(0)), b = uint16_t(OPERAND(1));
    int16_t c = int16_t(a), d = int16_t(b);
    put(uint(a + b));
    put(uint(a - b));
    put(uint(a * b));
    put(b == 0us ? 0u : uint(a / b));
    put(b == 0us ? 0u : uint(a % b));
    bool whole = d != 0s && !(c == int16_t(-32768) && d == -1s);
    put(whole ? int(c / d) : 0);
    put(int(int16_t(c + d)));
    put(int(int16_t(c * d)));
    put(uint(uint16_t(a << (b & 15us))));
    put(uint(a >> (b & 15us)));
    put(int(c >> (d & 15s)));
    put(uint(min(a, b)));
    put(int(max(c, d)));
    put(int(abs(c)));
    put(int(sign(d)));
    put(uint(uint16_t(~a)));
    put(c < d);
    put(a < b);
    u16vec4 v = u16vec4(a, b, a ^ b, a & b) * u16vec4(3us, 5us, 7us, 9us);
    put(uint(v.x)); put(uint(v.y)); put(uint(v.z)); put(uint(v.w));
    put(packUint2x16(u16vec2(b, a)));
}
