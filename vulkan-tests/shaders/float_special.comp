#version 460
#extension GL_GOOGLE_include_directive : require
// Infinities, what is no number, and the bits of floats.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0), b = FLOAT(1);
    put(isnan(a));
    put(isinf(a));
    put(isinf(a + b) || isnan(a + b));
    put(a == b);
    put(a < b);
    put(!(a < b));
    put(a != a);
    put(floatBitsToUint(a));
    put(floatBitsToInt(b));
    put(uintBitsToFloat(OPERAND(0) ^ 0x80000000u));
    put(a > 0.0 ? 1u : (a < 0.0 ? 2u : 3u));
    put(1.0 / a);
    put(a + 1.0);
    put(a * 2.0);
}
