#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// Floats of 16 bits; results as their bits.
#define OPERANDS 2
#include "map.glsl"
void put(float16_t value) { put(packFloat2x16(f16vec2(value, float16_t(0)))); }
void main() {
    BEGIN;
    f16vec2 pair = unpackFloat2x16(OPERAND(0) & 0xffffu | OPERAND(1) << 16);
    float16_t a = pair.x, b = pair.y;
    put(a + b);
    put(a - b);
    put(a * b);
    put(a / b);
    put(fma(a, b, a));
    put(sqrt(abs(a)));
    put(abs(a));
    put(-a);
    put(min(a, b));
    put(max(a, b));
    put(floor(a));
    put(ceil(a));
    put(trunc(a));
    put(roundEven(a));
    put(a < b);
    put(a == b);
    put(float(a));
    put(int(clamp(a, float16_t(-1000), float16_t(1000))));
    put(float16_t(float(a) * 0.333));
    f16vec4 v = f16vec4(a, b, a, b) * f16vec4(2, 4, 8, 0.5);
    put(v.x); put(v.y); put(v.z); put(v.w);
}
